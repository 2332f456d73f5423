"""Hold judges against labels: agreement, calibration, prices, figures corrected by a few labels."""
