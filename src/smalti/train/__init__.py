"""Makes models and styles, and measures what they are worth.

world         the procedural world: scenes, captions, edits, painted in five styles
samples       what each stage learns from
feed          worker processes that make samples, and the pool they go into
run           a run's folder, checkpoints and progress
fit_…         one file per stage: tokenizer, reader, seer, drawer, and the judge
degrade       renders made a little worse, as those that were drawn are
mini          the stages in order, and the plans for a CPU and a GPU
judge         the network that says what a picture shows
quality       what the quality bench measures
show, preview sheets of samples
cli           smalti train
"""
