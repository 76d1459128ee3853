using MoeActors.Bench.Processes;

namespace MoeActors.Bench.Checkpoints;

/// <summary>A published checkpoint of a run, as its events tell.</summary>
/// <param name="Step">Completed steps it holds.</param>
/// <param name="AtMs">When it was published: milliseconds since training began.</param>
/// <param name="Bytes">Written, all ranks.</param>
/// <param name="BytesPerRank">Written by each logical rank.</param>
/// <param name="PersistMs">Slowest node: from the first copied unit to its last durable byte.</param>
/// <param name="SnapshotMs">Slowest node: from the update to the last copied byte; null where the events do not tell.</param>
internal sealed record PublishedCheckpoint(long Step, double AtMs, long Bytes, IReadOnlyList<long> BytesPerRank, double PersistMs, double? SnapshotMs);

/// <summary>
/// What a run left in steps.jsonl and events.jsonl, on one axis of time: training begins at 0, and step n (from 1) is decided at the sum of the times of the first n steps. The two
/// files meet in the epoch's event, which is written at the moment from which the first step is timed.
/// </summary>
/// <param name="Steps">Steps in order, from the first.</param>
/// <param name="Published">Published checkpoints, ascending.</param>
internal sealed record RunTrace(IReadOnlyList<StepDone> Steps, IReadOnlyList<PublishedCheckpoint> Published)
{
    /// <summary>When all of its steps were done, ms.</summary>
    public double EndMs => Steps.Sum(s => s.Ms);

    /// <summary>Puts steps and events together. Throws <see cref="BenchException"/> when a node was lost: such a run measures something else.</summary>
    public static RunTrace Of(IReadOnlyList<StepDone> steps, IReadOnlyList<EventDone> events)
    {
        EventDone[] epochs = [.. events.Where(e => e.Type == "epoch")];
        if (epochs.Length != 1)
        {
            throw new BenchException($"the run has {epochs.Length} epochs in its events.jsonl where one was expected: nodes came or went; run the benchmark again");
        }

        return new RunTrace(
            steps,
            [
                .. events.Where(e => e.Checkpoint is not null).GroupBy(e => e.Checkpoint!.Step).OrderBy(g => g.Key).Select(g =>
                {
                    // Appended again as more is known of it: the first record says when, the last one what.
                    CheckpointDone c = g.Last().Checkpoint!;
                    return new PublishedCheckpoint(c.Step, (g.First().At - epochs[0].At).TotalMilliseconds, c.Bytes, c.BytesPerRank, c.PersistMs, c.SnapshotMs);
                }),
            ]);
    }
}
