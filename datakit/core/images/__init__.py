"""Pictures as arrays: orientation, sizes, tiles, warps, contact sheets."""
