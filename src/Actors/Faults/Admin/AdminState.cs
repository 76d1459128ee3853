using System.Collections.Immutable;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Admin;

/// <summary>Where an injected fault is in its life.</summary>
public enum FaultState
{
    /// <summary>Accepted; waits for its step or time.</summary>
    Scheduled,

    /// <summary>Its intent is durable; the observer is being told to look.</summary>
    Arming,

    /// <summary>The target's agent was told to carry it out.</summary>
    Begun,

    /// <summary>Another node saw that it took; it lasts.</summary>
    Observed,

    /// <summary>It took and is over.</summary>
    Over,

    /// <summary>It did not take, or could not be begun.</summary>
    Failed,

    /// <summary>Taken back by an operator.</summary>
    Cancelled,
}

/// <summary>One fault.</summary>
/// <param name="Number">Its number; the id is "f-N".</param>
/// <param name="Kind">Kind.</param>
/// <param name="Target">Target as asked for; resolved when it is due.</param>
/// <param name="Parameters">"name=value", complete.</param>
/// <param name="AfterStep">Completed steps to wait for; -1 = none.</param>
/// <param name="DueAt">Unix time in ms before which it does not begin.</param>
/// <param name="ForMs">How long it lasts; 0 = a moment.</param>
/// <param name="By">Who asked.</param>
internal sealed record AdminFault(
    int Number, string Kind, string Target, IReadOnlyList<string> Parameters, long AfterStep, long DueAt, long ForMs, string By)
{
    /// <summary>What ids begin with.</summary>
    internal const string IdPrefix = "f-";

    /// <summary>Name for people and commands.</summary>
    public string Id => $"{IdPrefix}{Number}";

    /// <summary>Name of the request that asked for it.</summary>
    public string Request { get; init; } = "";

    /// <summary>Where it is.</summary>
    public FaultState State { get; init; }

    /// <summary>Unix time in ms of the last change of <see cref="State"/>.</summary>
    public long Since { get; init; }

    /// <summary>Unix time in ms since which it is due and its target is not there; 0 = it is not waited for.</summary>
    public long AwaitedSince { get; init; }

    /// <summary>Unix time in ms when its agent was told; 0 before.</summary>
    public long BegunAt { get; init; }

    /// <summary>Completed steps then; -1 before.</summary>
    public long AtStep { get; init; } = -1;

    /// <summary>What the agents were told; null before.</summary>
    public FaultOrder? Order { get; init; }

    /// <summary>Of a link: both directions.</summary>
    public bool BothWays { get; init; }

    /// <summary>Who looks; null before.</summary>
    public NodeIdentity? Observer { get; init; }

    /// <summary>What was seen, or why it failed.</summary>
    public string Outcome { get; init; } = "";

    /// <summary>Milliseconds from the order to the observation; 0 before.</summary>
    public long TookMs { get; init; }

    /// <summary>Whether it counts against the limit of faults at once.</summary>
    public bool IsActive => State is FaultState.Arming or FaultState.Begun or FaultState.Observed;

    /// <summary>Whether nothing comes after this.</summary>
    public bool IsDone => State is FaultState.Over or FaultState.Failed or FaultState.Cancelled;

    /// <summary>As it is shown.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public FaultLine Line => new(Id, Kind, Target, State.ToString().ToLowerInvariant(), AtStep, ForMs, Observer?.Name ?? "", Outcome, TookMs);
}

/// <summary>Everything the admin knows. Immutable; <see cref="AdminMachine"/> makes the next one.</summary>
/// <param name="Limits">Limits.</param>
internal sealed record AdminState(FaultLimits Limits)
{
    /// <summary>The faults by number.</summary>
    public ImmutableSortedDictionary<int, AdminFault> Faults { get; init; } = ImmutableSortedDictionary<int, AdminFault>.Empty;

    /// <summary>Highest number of a fault in the audit that this journal knows nothing of: the folder was moved or copied since. Numbers go on after it.</summary>
    public int Before { get; init; }

    /// <summary>The cluster as it was seen last.</summary>
    public Topology Cluster { get; init; } = new(false, "", 0, 0, 0, "", [], [], 0, 0);

    /// <summary>Unix time in ms of the last tick; of this admin alone, not in the journal.</summary>
    public long LastTick { get; init; }

    /// <summary>Faults under way.</summary>
    public int Active => Faults.Values.Count(f => f.IsActive);

    /// <summary>Faults that wait.</summary>
    public int Scheduled => Faults.Values.Count(f => f.State == FaultState.Scheduled);
}

/// <summary>Something the admin hears; times are Unix ms.</summary>
internal abstract record AdminInput(long Now)
{
    /// <summary>An operator asks for a fault; <paramref name="Cluster"/> was asked for this.</summary>
    public sealed record Asked(long Now, InjectFault Message, Topology Cluster) : AdminInput(Now);

    /// <summary>An operator takes one back.</summary>
    public sealed record CancelAsked(long Now, CancelFault Message) : AdminInput(Now);

    /// <summary>Time has passed; the cluster looks like this.</summary>
    public sealed record Tick(long Now, Topology Cluster) : AdminInput(Now);

    /// <summary>The observer looks.</summary>
    public sealed record Watched(long Now, FaultWatched Message) : AdminInput(Now);

    /// <summary>The target's agent answers.</summary>
    public sealed record CarriedOut(long Now, FaultCarriedOut Message) : AdminInput(Now);

    /// <summary>The observer has seen it, or not.</summary>
    public sealed record Observed(long Now, FaultObserved Message) : AdminInput(Now);

    /// <summary>The audit refused a line: what it was to precede must not happen.</summary>
    public sealed record AuditFailed(long Now, string Id, string Reason) : AdminInput(Now);
}

/// <summary>Something the admin's shell must carry out, in the order given.</summary>
internal abstract record AdminEffect
{
    /// <summary>Persist before any effect after this one happens.</summary>
    public sealed record Journal(AdminFault Fault) : AdminEffect;

    /// <summary>A line of the run's audit file, synced before any effect after this one happens.</summary>
    public sealed record Audit(string What, AdminFault Fault) : AdminEffect;

    /// <summary>Tell a node's agent.</summary>
    public sealed record Tell(NodeIdentity Node, IControlMessage Message) : AdminEffect;

    /// <summary>A sentence for the run's log.</summary>
    public sealed record Note(string Text) : AdminEffect;

    /// <summary>Answer who asked.</summary>
    public sealed record Answer(FaultAnswer Message) : AdminEffect;
}
