"""Speed and cost, measured: `make bench` writes docs/benchmark.md."""
