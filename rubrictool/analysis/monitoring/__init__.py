"""Follow dumped rollouts by step of the training."""
