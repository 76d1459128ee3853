using System.Collections.Concurrent;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>A recorder that keeps everything in memory and says when the run has ended.</summary>
internal sealed class RecordedRun : IRunRecorder
{
    private readonly TaskCompletionSource<string> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SortedDictionary<long, DecidedStep> Steps { get; } = [];

    public List<DecidedStep> AllSteps { get; } = [];

    public List<(long Step, double Loss)> Validations { get; } = [];

    public ConcurrentDictionary<long, CommittedCheckpoint> Checkpoints { get; } = [];

    public List<FaultTimeline> Faults { get; } = [];

    public List<(int Epoch, IReadOnlyDictionary<string, EpochPrepared> Nodes)> Epochs { get; } = [];

    public ConcurrentQueue<string> Notes { get; } = [];

    public Action<DecidedStep>? OnStep { get; set; }

    public Action<long>? OnValidation { get; set; }

    public Task<string> Ended => ended.Task;

    public CommittedCheckpoint? Last { get; private set; }

    /// <summary>What a coordinator that takes office over an ended run is told of its report.</summary>
    public bool IsEnded { get; set; } = true;

    /// <summary>Whether the run was resumed, for each time it was opened.</summary>
    public ConcurrentQueue<bool> Openings { get; } = [];

    public void Opened(RunSpec spec, string command, bool resumed) => Openings.Enqueue(resumed);

    public RunSpec? Recorded { get; private set; }

    public void Record(RunSpec spec) => Recorded = spec;

    public void Step(DecidedStep step, double ms)
    {
        lock (Steps)
        {
            Steps[step.Step] = step;
            AllSteps.Add(step);
        }

        OnStep?.Invoke(step);
    }

    public void Validation(long step, double loss)
    {
        Validations.Add((step, loss));
        OnValidation?.Invoke(step);
    }

    public void Checkpoint(CommittedCheckpoint checkpoint) => Checkpoints[checkpoint.Step] = checkpoint;

    public void Fault(FaultTimeline fault) => Faults.Add(fault);

    public void Epoch(int epoch, long restoreStep, Placement placement, IReadOnlyDictionary<string, EpochPrepared> nodes) => Epochs.Add((epoch, nodes));

    public void Note(string text) => Notes.Enqueue(text);

    void IRunRecorder.Ended(string outcome, CommittedCheckpoint? last, SampleLedger ledger)
    {
        Last = last;
        ended.TrySetResult(outcome);
    }

    public void Dispose()
    {
    }
}
