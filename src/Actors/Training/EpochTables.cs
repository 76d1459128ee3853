using MoeActors.Actors.Exchange;
using MoeActors.Actors.State;

namespace MoeActors.Actors.Training;

/// <summary>PURE: who lives where on the data plane in an epoch.</summary>
internal static class EpochTables
{
    public static ExchangeTable Of(EpochContext context)
    {
        var nodeOf = new Dictionary<uint, int>();
        for (int rank = 0; rank < context.Spec.Layout.Ranks; rank++)
        {
            int node = context.Message.NodeOfRank[rank];
            nodeOf[new Endpoint(EndpointKind.Rank, 0, rank).Packed] = node;
            for (int layer = 0; layer < context.Spec.Model.MoeLayers().Count; layer++)
            {
                nodeOf[new Endpoint(EndpointKind.ExpertShard, layer, rank).Packed] = node;
            }
        }

        for (int node = 0; node < context.Message.Nodes.Count; node++)
        {
            nodeOf[new Endpoint(EndpointKind.Device, 0, node).Packed] = node;
        }

        PeerAddress[] peers = context.Message.Nodes.Select((n, i) => new PeerAddress(i, n.DataAddress, n.Incarnation)).ToArray();
        return new ExchangeTable(context.RunKey, context.Epoch, context.Self, peers, nodeOf);
    }
}
