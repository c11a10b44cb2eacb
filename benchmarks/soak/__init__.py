"""Twenty people look at the console for half an hour while its sources fail: python -m benchmarks.soak."""
