namespace MoeActors.Actors.Protocol;

/// <summary>Client → gateway → admin: let this happen (AD-1).</summary>
/// <param name="Kind">Name of the kind, as `moe fault list` shows it.</param>
/// <param name="Target">What it happens to: a node, an actor, a link, the coordinator.</param>
/// <param name="Parameters">"name=value" of the kind's own parameters.</param>
/// <param name="AfterStep">Begin once this many steps are completed; -1 = do not wait for a step.</param>
/// <param name="AfterMs">Begin after this time; 0 = at once.</param>
/// <param name="ForMs">How long a lasting kind lasts; 0 for a kind of one moment.</param>
/// <param name="DryRun">Check everything, do nothing.</param>
/// <param name="By">Who asks, for the audit: a command, or the HTTP API.</param>
/// <param name="Request">Name of the request, of the asker's choice: one that is sent again is answered again and not carried out twice.</param>
public sealed record InjectFault(
    string Kind, string Target, IReadOnlyList<string> Parameters, long AfterStep, long AfterMs, long ForMs, bool DryRun, string By, string Request) : IControlMessage;

/// <summary>Client → gateway → admin: take a fault back, or end one that lasts.</summary>
public sealed record CancelFault(string Id, string By) : IControlMessage;

/// <summary>Client → gateway → admin: what faults are there?</summary>
/// <param name="Id">One fault; empty = all.</param>
public sealed record FaultsQuery(string Id) : IControlMessage;

/// <summary>Admin → client: accepted under <paramref name="Id"/>, or refused for a reason.</summary>
public sealed record FaultAnswer(bool Accepted, string Id, string Message) : IControlMessage;

/// <summary>A fault as the admin knows it.</summary>
/// <param name="Id">"f-1", "f-2", …</param>
/// <param name="Kind">Kind.</param>
/// <param name="Target">Target as it was asked for.</param>
/// <param name="State">scheduled, arming, begun, observed, over, failed or cancelled.</param>
/// <param name="AtStep">Completed steps when it began; -1 before.</param>
/// <param name="ForMs">How long it lasts; 0 = a moment.</param>
/// <param name="Observer">The node that looked whether it took; empty before.</param>
/// <param name="Outcome">What that node saw, or why it failed.</param>
/// <param name="TookMs">Milliseconds from the order to the observation; 0 before.</param>
public sealed record FaultLine(string Id, string Kind, string Target, string State, long AtStep, long ForMs, string Observer, string Outcome, double TookMs);

/// <summary>Admin → client: the faults, oldest first.</summary>
/// <param name="Enabled">Whether this cluster injects faults at all.</param>
/// <param name="MaxActive">Most faults at once.</param>
/// <param name="MaxMs">Longest duration.</param>
/// <param name="Faults">The faults.</param>
public sealed record FaultsAnswer(bool Enabled, int MaxActive, long MaxMs, IReadOnlyList<FaultLine> Faults) : IControlMessage;

/// <summary>What a fault agent is to do, or to look for.</summary>
/// <param name="Id">The fault.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Parameters">"name=value", complete.</param>
/// <param name="ForMs">How long it lasts; 0 = a moment.</param>
/// <param name="Nodes">The node it happens on, and for a link the other end.</param>
/// <param name="Actor">Name of the actor it happens to; empty = the node itself.</param>
/// <param name="RunFolder">Folder of the run; empty when there is none.</param>
/// <param name="Epoch">Epoch when it was ordered.</param>
/// <param name="Fence">The coordinator's fencing token then.</param>
internal sealed record FaultOrder(
    string Id, string Kind, IReadOnlyList<string> Parameters, long ForMs, IReadOnlyList<NodeIdentity> Nodes, string Actor, string RunFolder, int Epoch, long Fence);

/// <summary>Admin → the observing node's agent: look for this from now on, and say so; then say whether it was seen within the time.</summary>
internal sealed record ObserveFault(FaultOrder Order, long PatienceMs) : IControlMessage;

/// <summary>Observing agent → admin: it looks.</summary>
internal sealed record FaultWatched(string Id, string Node) : IControlMessage;

/// <summary>Observing agent → admin: what it saw, or that it did not.</summary>
internal sealed record FaultObserved(string Id, string Node, bool Seen, string Text) : IControlMessage;

/// <summary>Admin → the target's agent: carry it out. Its intent is durable.</summary>
internal sealed record CarryOutFault(FaultOrder Order) : IControlMessage;

/// <summary>Target's agent → admin: begun, or refused for a reason.</summary>
internal sealed record FaultCarriedOut(string Id, string Node, string? Error, string Detail) : IControlMessage;

/// <summary>Admin → agents: end this fault now; an agent on the same host ends it for a process that cannot.</summary>
internal sealed record EndFault(FaultOrder Order) : IControlMessage;

/// <summary>Observing agent → target's agent: does it hold?</summary>
internal sealed record ProbeFault(FaultOrder Order) : IControlMessage;

/// <summary>Target's agent → observing agent: what is measured there now, and for what happens in a step the epoch it happened in (-1: none yet).</summary>
internal sealed record FaultProbed(string Id, bool Holds, string Text, int Epoch) : IControlMessage;

/// <summary>Admin, agent → coordinator: who is where?</summary>
internal sealed record TopologyQuery : IControlMessage;

/// <summary>Coordinator → admin, agent: the cluster and its run at this moment.</summary>
/// <param name="Running">Whether a run is under way.</param>
/// <param name="RunFolder">Its folder, or empty.</param>
/// <param name="Epoch">Current epoch.</param>
/// <param name="Step">Completed steps.</param>
/// <param name="Fence">Fencing token of the coordinator in charge.</param>
/// <param name="Coordinator">Name of the node it lives on.</param>
/// <param name="Nodes">Members.</param>
/// <param name="RankNodes">Name of the node of each logical rank.</param>
/// <param name="MoeLayers">MoE layers of the model.</param>
/// <param name="Experts">Experts of each.</param>
public sealed record Topology(
    bool Running, string RunFolder, int Epoch, long Step, long Fence, string Coordinator, IReadOnlyList<NodeIdentity> Nodes, IReadOnlyList<string> RankNodes,
    int MoeLayers, int Experts) : IControlMessage;

/// <summary>Admin → coordinator: a sentence for the run's log, events and status.</summary>
internal sealed record RunNote(string Text) : IControlMessage;

/// <summary>An entry of the admin's journal.</summary>
internal sealed record AdminEntry(string Kind, string Json) : IControlMessage;
