using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>
/// Writes down what happens in a run, in the run's folder: the coordinator calls it, the host implements it. Called from the coordinator's
/// actor only; must never throw: a figure that cannot be read or written down is no reason to end a run (<see cref="TakeWarning"/> says so instead).
/// </summary>
public interface IRunRecorder : IDisposable
{
    /// <summary>Newest epoch written down before; 0 = none. A resumed run's epochs grow from there: readers tell replayed steps by them.</summary>
    int NewestEpoch => 0;

    /// <summary>Effective training time ratio so far: useful time over wall time, 0 to 1; NaN where nobody counts it.</summary>
    double Ettr => double.NaN;

    /// <summary>Whether the end of the run, since it was last begun or resumed, is written down.</summary>
    bool IsEnded => true;

    /// <summary>The run begins, resumes, or a new coordinator takes over.</summary>
    void Opened(RunSpec spec, string command, bool resumed);

    /// <summary>The run's record holds a choice that was made once by measurement (DT-1): it replaces the one before.</summary>
    void Record(RunSpec spec)
    {
    }

    /// <summary>A step is decided.</summary>
    /// <param name="step">Its numbers.</param>
    /// <param name="ms">Wall time since the decision before.</param>
    void Step(DecidedStep step, double ms);

    /// <summary>A validation loss is known.</summary>
    void Validation(long step, double loss);

    /// <summary>A checkpoint is published.</summary>
    void Checkpoint(CommittedCheckpoint checkpoint);

    /// <summary>A checkpoint could not be written or published.</summary>
    void CheckpointFailed(long step)
    {
    }

    /// <summary>An epoch is decided, or ready, that is to end a fault: written down so that it is not forgotten with this coordinator. The same fault has the same number.</summary>
    void FaultUnderway(FaultTimeline fault)
    {
    }

    /// <summary>A fault is over: the first step after it is decided.</summary>
    void Fault(FaultTimeline fault);

    /// <summary>An epoch is ready: who takes part.</summary>
    void Epoch(int epoch, long restoreStep, Placement placement, IReadOnlyDictionary<string, EpochPrepared> nodes);

    /// <summary>Something worth a line.</summary>
    void Note(string text);

    /// <summary>The run is over.</summary>
    /// <param name="outcome">"completed", "stopped", "failed: …".</param>
    /// <param name="last">The checkpoint that was published last; null where this coordinator published none.</param>
    /// <param name="ledger">Ledger of the newest checkpoint: what it proves of the run's samples (DA-1).</param>
    void Ended(string outcome, CommittedCheckpoint? last, SampleLedger ledger);

    /// <summary>The next thing that could not be read or written down, as a sentence for the user; null where nothing is left to say. Each is told once.</summary>
    string? TakeWarning() => null;
}

/// <summary>One fault, phase by phase; milliseconds since the first sign of it.</summary>
/// <param name="Kind">"node-lost", "node-hung", "step-stuck", "actor-failed", "checkpoint-failed", "silent-corruption", "coordinator-lost".</param>
/// <param name="Target">Node or node/actor.</param>
/// <param name="AtStep">Step in flight.</param>
/// <param name="Phase">What the victim was doing, as its flight recorder says; empty if unknown.</param>
/// <param name="At">When the first sign of it was seen (UTC).</param>
/// <param name="DecidedMs">A new epoch was decided.</param>
/// <param name="FetchedMs">State was read.</param>
/// <param name="RestoredMs">State was in place.</param>
/// <param name="RejoinedMs">All nodes were ready.</param>
/// <param name="FirstStepMs">The first step was decided; null while it is not.</param>
/// <param name="Rung">Where the state came from.</param>
/// <param name="Reason">Why it counted as a fault.</param>
/// <param name="LostSteps">Steps computed again.</param>
/// <param name="Injected">Whether the product killed itself on purpose (fault injection).</param>
public sealed record FaultTimeline(
    string Kind, string Target, long AtStep, string Phase, DateTimeOffset At, double DecidedMs, double FetchedMs, double RestoredMs,
    double RejoinedMs, double? FirstStepMs, string Rung, string Reason, long LostSteps, bool Injected)
{
    /// <summary>The first sign of it (a socket that closed, a missing heartbeat) was proof enough.</summary>
    public double DetectedMs { get; init; }

    /// <summary>Number of the fault among those this coordinator saw.</summary>
    public int Number { get; init; }

    /// <summary>PLT this recovery cost, a share; 0 in exact recovery.</summary>
    public double Plt { get; init; }
}
