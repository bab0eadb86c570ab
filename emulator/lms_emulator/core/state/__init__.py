"""What a world remembers: records, tables and stores."""
