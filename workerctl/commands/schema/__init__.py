"""
`workerctl schema`: files that are generated from a settings class, such as `.env.example`.
"""
