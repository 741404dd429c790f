#!/bin/sh
# The end of a plan: checks its shards, and merges their reports. `submit` submits it.
#SBATCH --job-name=thumbs-finish
#SBATCH --output=thumbs-finish-%j.log
# The exit status is 1 if inputs failed. The job is then FAILED, although the plan is finished: see the log.
exec "${THUMBS:-thumbs}" --finish "$1"
