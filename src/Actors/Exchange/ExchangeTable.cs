namespace MoeActors.Actors.Exchange;

/// <summary>Where one node process is reached on the data plane.</summary>
/// <param name="Node">Node index.</param>
/// <param name="Address">"unix:/path" or "tcp:host:port".</param>
/// <param name="Incarnation">Names this life of the process; unique in the run, at most 128 bytes of UTF-8.</param>
public sealed record PeerAddress(int Node, string Address, string Incarnation);

/// <summary>Everything the exchange knows of an epoch.</summary>
/// <param name="Run">Key of the run.</param>
/// <param name="Epoch">Epoch, rising within a run.</param>
/// <param name="Self">This node's index.</param>
/// <param name="Peers">All nodes by index, self included.</param>
/// <param name="NodeOf">Packed endpoint → node index.</param>
internal sealed record ExchangeTable(ulong Run, int Epoch, int Self, IReadOnlyList<PeerAddress> Peers, IReadOnlyDictionary<uint, int> NodeOf);

/// <summary>A connection ended that the present table wants: a suspicion, no proof of death.</summary>
/// <param name="Node">Node index in the present table.</param>
/// <param name="Incarnation">Incarnation of the peer.</param>
/// <param name="Reason">One line.</param>
internal sealed record PeerLost(int Node, string Incarnation, string Reason)
{
    /// <summary>The connection is gone until the next epoch connects anew; false: it could not be made yet and goes on being tried.</summary>
    public bool Ended { get; init; }
}
