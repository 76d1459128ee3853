namespace MoeActors.Actors.Protocol;

/// <summary>Client → gateway → coordinator: train this run.</summary>
/// <param name="SpecJson">The run's record.</param>
/// <param name="RunFolder">Folder of the run.</param>
/// <param name="Resume">Go on with a run that was begun before.</param>
/// <param name="Command">Command line, for the report; secrets removed.</param>
public sealed record SubmitRun(string SpecJson, string RunFolder, bool Resume, string Command) : IControlMessage;

/// <summary>Coordinator → client: accepted, or refused for a reason.</summary>
/// <param name="Accepted">Whether the run is trained.</param>
/// <param name="Message">For people.</param>
/// <param name="Cause">What kind of thing is wrong; none where it is accepted, or where another run is in the way.</param>
public sealed record SubmitAnswer(bool Accepted, string Message, FailureCause Cause = FailureCause.None) : IControlMessage;

/// <summary>Client → coordinator: write a checkpoint and stop.</summary>
public sealed record StopRun(string Reason) : IControlMessage;

/// <summary>Client → coordinator: how is the run? Events after <paramref name="SinceEvent"/> are told too.</summary>
public sealed record StatusQuery(long SinceEvent) : IControlMessage;

/// <summary>Coordinator → client: the run's state in numbers, and what happened since.</summary>
/// <param name="Phase">Name of the coordinator's phase.</param>
/// <param name="RunId">The run, or empty.</param>
/// <param name="RunFolder">Its folder, or empty.</param>
/// <param name="Epoch">Current epoch.</param>
/// <param name="Step">Completed steps.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Loss">Training loss of the newest step; NaN before the first.</param>
/// <param name="ValidationLoss">Newest validation loss; NaN before the first.</param>
/// <param name="TokensPerSecond">Over the newest steps.</param>
/// <param name="SecondsPerStep">Likewise; 0 = unknown.</param>
/// <param name="NodesUp">Nodes known to the coordinator.</param>
/// <param name="NodesWanted">Nodes the run was placed on.</param>
/// <param name="Checkpoint">Completed steps of the newest checkpoint; -1 = none.</param>
/// <param name="SlowestRank">Logical rank with the longest computing time in the newest step; -1 = unknown.</param>
/// <param name="Outcome">Empty while the run lives, then "completed", "stopped", "failed: …".</param>
/// <param name="LastEvent">Number of the newest event.</param>
/// <param name="Events">Sentences about what happened, oldest first.</param>
/// <param name="Nodes">Names of the nodes with their process ids.</param>
/// <param name="Plt">Proportion of lost tokens so far, a share; NaN in a run without partial checkpoints.</param>
/// <param name="Ettr">Effective training time ratio so far, a share; NaN while it is not known.</param>
/// <param name="Cause">What kind of failure ended the run.</param>
public sealed record RunStatus(
    string Phase,
    string RunId,
    string RunFolder,
    int Epoch,
    long Step,
    long Steps,
    double Loss,
    double ValidationLoss,
    double TokensPerSecond,
    double SecondsPerStep,
    int NodesUp,
    int NodesWanted,
    long Checkpoint,
    int SlowestRank,
    string Outcome,
    long LastEvent,
    IReadOnlyList<string> Events,
    IReadOnlyList<string> Nodes,
    double Plt,
    double Ettr = double.NaN,
    FailureCause Cause = FailureCause.None) : IControlMessage;

/// <summary>Joining node or client → gateway: prove that you know the secret, and which version you speak.</summary>
/// <param name="Protocol">Wire protocol version.</param>
/// <param name="Build">Hash of the product's assemblies.</param>
/// <param name="Nonce">Random challenge.</param>
/// <param name="Proof">HMAC-SHA256 of the nonce under the shared secret.</param>
/// <param name="Joins">True when a node wants to join the cluster (its build must be the same), false for a client.</param>
internal sealed record AuthenticationRequest(int Protocol, string Build, string Nonce, string Proof, bool Joins) : IControlMessage;

/// <summary>Gateway → peer: welcome with the counter-proof, or refused for a reason.</summary>
internal sealed record AuthenticationAnswer(string? Refusal, string Proof) : IControlMessage;
