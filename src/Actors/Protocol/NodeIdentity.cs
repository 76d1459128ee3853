namespace MoeActors.Actors.Protocol;

/// <summary>What a node process says of itself when it joins. The incarnation is new with each process.</summary>
/// <param name="Name">Stable name of the node, e.g. "node-1"; logs and reports use it.</param>
/// <param name="Incarnation">Random id of this process.</param>
/// <param name="Address">Akka address, e.g. "akka.tcp://moe@127.0.0.1:7101".</param>
/// <param name="Host">Host name, to tell which processes share a machine.</param>
/// <param name="Pid">Process id on that host.</param>
/// <param name="ProcessStart">Start time of the process in clock ticks since boot: with the pid it names the process for good.</param>
/// <param name="DataAddress">Where the data plane listens.</param>
/// <param name="Cores">Logical processors.</param>
/// <param name="MemoryBytes">Memory available to the process, bytes.</param>
/// <param name="Build">Hash of the product's assemblies.</param>
/// <param name="Protocol">Version of the wire protocol.</param>
/// <param name="Journal">Where it would look for the coordinator's journal, if it became the coordinator's node: "postgresql", or the embedded journal's file. "" in journal entries of protocol 5 and before, which did not say.</param>
public sealed record NodeIdentity(
    string Name,
    string Incarnation,
    string Address,
    string Host,
    int Pid,
    long ProcessStart,
    string DataAddress,
    int Cores,
    long MemoryBytes,
    string Build,
    int Protocol,
    string Journal = "");
