"""A chat-completions host whose models are scripted traders. They see the prompt they are sent and nothing else."""
