"""The window: index, REST, dispatch and statements. It holds no key and no rule of its own."""
