using MoeActors.Actors.Exchange;
using MoeActors.Host.Http;

namespace MoeActors.Host.Nodes;

/// <summary>The data plane's counters as metrics.</summary>
internal static class NodeMetrics
{
    /// <summary>Raises the counters to what <paramref name="statistics"/> says.</summary>
    public static void Update(ExchangeStatistics statistics)
    {
        ExchangeMetrics.Dropped.WithLabels("epoch").IncTo(statistics.DroppedByEpoch);
        ExchangeMetrics.Dropped.WithLabels("unknown").IncTo(statistics.DroppedUnknown);
        ExchangeMetrics.Dropped.WithLabels("disconnected").IncTo(statistics.DroppedDisconnected);
        ExchangeMetrics.Dropped.WithLabels("checksum").IncTo(statistics.ChecksumFailures);
        ExchangeMetrics.Dropped.WithLabels("protocol").IncTo(statistics.ProtocolFailures);
        ExchangeMetrics.Refused.IncTo(statistics.Refused);
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
