#!/usr/bin/env python3
"""Runs the shards of a plan on Spark, and finishes it.

    spark-submit contrib/spark/pipe.py PLAN [OPTION_OF_THE_MACHINE]...

Every node has the program THUMBS (default: thumbs), and sees the plan, the inputs and the outputs under the same paths. A task is a
shard. Spark tries one again that ends with 75 (spark.task.maxFailures; in local mode only with local[N,TRIES]). The exit
status is that of --finish, or 4 if shards fail.
"""

import json
import os
import shlex
import subprocess
import sys

from pyspark.sql import SparkSession

# A line is the number of a shard. The answer is a line with its status, and a failure of the task is what may pass.
LOOP = """while read -r shard; do
  "$@" --shard "$shard" </dev/null >&2
  status=$?
  [ "$status" -ne 75 ] && [ "$status" -lt 128 ] || exit "$status"
  echo "$shard $status"
done"""


def main() -> int:
    plan, *options = sys.argv[1:]
    program = os.environ.get("THUMBS", "thumbs")
    plan = os.path.abspath(plan)
    with open(os.path.join(plan, "plan.json"), encoding="utf-8") as file:
        shards = json.load(file)["shards"]
    session = SparkSession.builder.appName(f"thumbs {plan}").getOrCreate()
    context = session.sparkContext
    # The workers of a shard are the CPUs of its task.
    cpus = context.getConf().get("spark.task.cpus", "1")
    command = shlex.join(["/bin/sh", "-c", LOOP, "sh", program, "--plan", plan, "-j", cpus, *options])
    try:
        # pipe() starts the command with an empty environment, and takes any exit status for success, unless it is told otherwise.
        ended = (
            context.parallelize(range(1, shards + 1), shards)
            .pipe(command, env={"PATH": os.environ["PATH"]}, checkCode=True)
            .collect()
        )
    finally:
        session.stop()
    failed = [line.split() for line in ended if not line.endswith(" 0")]
    for shard, status in failed:
        print(f"pipe.py: shard {shard}: exit status {status}", file=sys.stderr)
    return subprocess.run([program, "--finish", plan]).returncode


if __name__ == "__main__":
    sys.exit(main())
