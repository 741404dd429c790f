#!/bin/sh
# An element of the array: a range of shards. `submit` submits it.
#SBATCH --job-name=thumbs
# The workers of a shard.
#SBATCH --cpus-per-task=2
# Memory of the element; thumbs uses half of it.
#SBATCH --mem=2G
# Run an element again whose node is lost. What is done stays done.
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=thumbs-%A_%a.log
set -u
plan=$1 shards=$2 each=$3
first=$(((SLURM_ARRAY_TASK_ID - 1) * each + 1))
last=$((first + each - 1))
[ "$last" -le "$shards" ] || last=$shards
cpus=${SLURM_CPUS_PER_TASK:-1}
set -- --plan "$plan" --shard "$first-$last/$shards" -j "$cpus"
# In MiB. It is 0 for all memory of the node.
[ "${SLURM_MEM_PER_NODE:-0}" -eq 0 ] || set -- "$@" --memory "$((SLURM_MEM_PER_NODE / 2))M"
tries=0
while :; do
  # Under srun, SIGTERM reaches the program when the job is cancelled or its time is up. srun does not take the CPUs from sbatch.
  srun --ntasks=1 --cpus-per-task="$cpus" "${THUMBS:-thumbs}" "$@"
  status=$?
  tries=$((tries + 1))
  # 75 is a failure that may pass. Shards that are done end at once.
  [ "$status" -eq 75 ] && [ "$tries" -lt 4 ] || exit "$status"
  sleep "${THUMBS_DELAY:-30}"
done
