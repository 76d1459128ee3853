using System.Collections.Frozen;

namespace MoeActors.Actors.Exchange;

/// <summary>The present epoch as the sending and receiving threads see it; replaced as a whole, only its links are renewed in place.</summary>
internal sealed class EpochState
{
    internal EpochState(ExchangeTable table, PeerLink?[] links)
    {
        Table = table;
        Links = links;
        NodeOf = table.NodeOf.ToFrozenDictionary();
    }

    internal ExchangeTable Table { get; }

    /// <summary>By node index; null at this node's own.</summary>
    internal PeerLink?[] Links { get; }

    internal FrozenDictionary<uint, int> NodeOf { get; }

    internal string SelfIncarnation => Table.Peers[Table.Self].Incarnation;

    internal bool Is(ulong run, int epoch) => Table.Run == run && Table.Epoch == epoch;

    internal int NodeOfLink(PeerLink link) => Array.IndexOf(Links, link);

    /// <summary>Throws <see cref="ArgumentException"/> naming the first contradiction of a table.</summary>
    internal static void Check(ExchangeTable table)
    {
        Require(table.Self >= 0 && table.Self < table.Peers.Count, $"self is node {table.Self} of {table.Peers.Count}");
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < table.Peers.Count; i++)
        {
            PeerAddress peer = table.Peers[i];
            Require(peer.Node == i, $"peer {i} calls itself node {peer.Node}");
            Require(
                peer.Incarnation.Length > 0 && System.Text.Encoding.UTF8.GetByteCount(peer.Incarnation) <= 128 && seen.Add(peer.Incarnation),
                $"the incarnation \"{peer.Incarnation}\" of node {i} is empty, over 128 bytes or another node's too");
        }

        foreach ((uint endpoint, int node) in table.NodeOf)
        {
            Require(node >= 0 && node < table.Peers.Count, $"{Endpoint.FromPacked(endpoint)} is at node {node} of {table.Peers.Count}");
        }
    }

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new ArgumentException($"the exchange table contradicts itself: {fault}");
        }
    }
}
