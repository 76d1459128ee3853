using MoeActors.Actors.Exchange;
using MoeActors.Host.Http;

namespace MoeActors.Host.Nodes;

/// <summary>The data plane's counters as metrics.</summary>
internal static class NodeMetrics
{
    /// <summary>Raises the counters to what <paramref name="statistics"/> says.</summary>
    public static void Update(ExchangeStatistics statistics)
    {
        foreach (PeerStatistics peer in statistics.Peers)
        {
            string node = peer.Node.ToString(System.Globalization.CultureInfo.InvariantCulture);
            ExchangeMetrics.BytesSent.WithLabels(node).IncTo(peer.BytesOut);
            ExchangeMetrics.BytesReceived.WithLabels(node).IncTo(peer.BytesIn);
            ExchangeMetrics.MessagesSent.WithLabels(node).IncTo(peer.FramesOut);
            ExchangeMetrics.MessagesReceived.WithLabels(node).IncTo(peer.FramesIn);
        }
    }
}
