"""The agent of the platforms' fakes: makes what is deployed at Vercel, Railway and Hugging Face real.

It runs within the supervisor: it asks the fakes for orders, has the stack's engine or a process of its own
carry them out, and tells the fakes how it goes, in each platform's words.
"""
