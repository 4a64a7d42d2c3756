"""What is counted and written down of the work: measurements for Prometheus and a line for each picture."""
