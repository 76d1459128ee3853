namespace MoeActors.Actors.Faults;

/// <summary>What a kind of fault happens to, and how that is written.</summary>
public enum TargetForm
{
    /// <summary>"node-2", or "coordinator" for the node it lives on.</summary>
    Node,

    /// <summary>"rank-1".</summary>
    Rank,

    /// <summary>"expert-shard-LAYER-RANK".</summary>
    Shard,

    /// <summary>Either of the two.</summary>
    RankOrShard,

    /// <summary>"coordinator".</summary>
    Coordinator,

    /// <summary>"node-1>node-2": what the first sends to the second; "node-1=node-2": both ways.</summary>
    Link,
}

/// <summary>By what another node than the target sees that a fault took.</summary>
public enum Evidence
{
    /// <summary>The process is gone: from the process table of the host, or the cluster calls the node unreachable or down.</summary>
    Gone,

    /// <summary>The cluster calls the node unreachable, though its process lives.</summary>
    Unreachable,

    /// <summary>The observer dials the node's control port, and its handshake breaks.</summary>
    Dial,

    /// <summary>The process is stopped: from the process table, or the cluster calls the node unreachable.</summary>
    Stopped,

    /// <summary>The process is found stopped in part of several looks, and running in the others.</summary>
    Throttled,

    /// <summary>The coordinator ends the epoch and names the fault.</summary>
    Abort,

    /// <summary>The coordinator skips a step.</summary>
    Skip,

    /// <summary>A coordinator took office anew.</summary>
    Takeover,

    /// <summary>The node leaves the cluster.</summary>
    Left,

    /// <summary>A node that was not there is a member.</summary>
    Joined,

    /// <summary>The process holds more memory than before.</summary>
    Memory,

    /// <summary>The node measures at its own parts, asked by the observer.</summary>
    Probe,

    /// <summary>The observer reads the newest checkpoint from storage and finds the damage.</summary>
    Storage,
}

/// <summary>A parameter of a kind.</summary>
/// <param name="Name">Name.</param>
/// <param name="Default">Value when nothing is given.</param>
/// <param name="Meaning">What it says.</param>
/// <param name="Least">Least value of a number.</param>
/// <param name="Most">Largest value of a number; for a text Least and Most are 0.</param>
public sealed record FaultParameter(string Name, string Default, string Meaning, double Least = 0, double Most = 0);

/// <summary>A kind of fault.</summary>
/// <param name="Name">Name, as in commands and campaigns.</param>
/// <param name="Form">What it happens to.</param>
/// <param name="Lasting">Whether it lasts for a time that has to be given.</param>
/// <param name="Evidence">How it is observed.</param>
/// <param name="Meaning">What happens, one line.</param>
public sealed record FaultKind(string Name, TargetForm Form, bool Lasting, Evidence Evidence, string Meaning)
{
    /// <summary>Parameters of its own.</summary>
    public IReadOnlyList<FaultParameter> Parameters { get; init; } = [];

    /// <summary>Whether the run's result is, in exact recovery, the same as without the fault.</summary>
    public bool KeepsResult { get; init; } = true;

    /// <summary>Whether it makes sense only while a run is under way.</summary>
    public bool NeedsRun { get; init; } = true;

    /// <summary>Whether the target's process ends at once: it is no target and no observer of anything from then on.</summary>
    public bool EndsProcess { get; init; }

    /// <summary>How long the observer looks before the fault counts as not taken; the duration of a lasting kind comes on top.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An example of its target.</summary>
    public string Example => Form switch
    {
        TargetForm.Node => "node-2",
        TargetForm.Rank => "rank-1",
        TargetForm.Shard or TargetForm.RankOrShard => "expert-shard-0-1",
        TargetForm.Coordinator => "coordinator",
        _ => "node-1>node-2",
    };
}
