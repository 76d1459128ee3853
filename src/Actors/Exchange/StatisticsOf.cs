using System.Diagnostics;

namespace MoeActors.Actors.Exchange;

/// <summary>Turns counters into a snapshot.</summary>
internal static class StatisticsOf
{
    internal static ExchangeStatistics Snapshot(ExchangeCounters c, EpochState? state)
    {
        List<PeerStatistics> peers = [];
        for (int node = 0; node < (state?.Links.Length ?? 0); node++)
        {
            if (state!.Links[node] is { } link)
            {
                ExchangeCounters l = link.Counters;
                peers.Add(new PeerStatistics(
                    node, link.Peer.Incarnation, link.IsUp, l.FramesIn.Value, l.FramesOut.Value, l.BytesIn.Value, l.BytesOut.Value, l.CreditWaits.Value,
                    link.Queue.Frames, link.Queue.Bytes));
            }
        }

        return new ExchangeStatistics
        {
            FramesIn = c.FramesIn.Value,
            FramesOut = c.FramesOut.Value,
            BytesIn = c.BytesIn.Value,
            BytesOut = c.BytesOut.Value,
            LocalHandovers = c.LocalFrames.Value,
            LocalBytes = c.LocalBytes.Value,
            DroppedByEpoch = c.DroppedByEpoch.Value,
            DroppedUnknown = c.DroppedUnknown.Value,
            DroppedDisconnected = c.DroppedDisconnected.Value,
            ChecksumFailures = c.ChecksumFailures.Value,
            ProtocolFailures = c.ProtocolFailures.Value,
            Refused = c.Refused.Value,
            CreditWaits = c.CreditWaits.Value,
            CreditWaitTime = Stopwatch.GetElapsedTime(0, c.CreditWaitTicks.Value),
            Peers = peers,
        };
    }
}
