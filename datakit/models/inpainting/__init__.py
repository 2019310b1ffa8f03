"""What fills the hole that a removed person leaves."""
