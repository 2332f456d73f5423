"""python -m rubrictool"""

from rubrictool.cli import main

main()
