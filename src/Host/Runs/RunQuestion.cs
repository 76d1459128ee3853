using System.Diagnostics;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;

namespace MoeActors.Host.Runs;

/// <summary>Asks where a run stands while it may end, and a local cluster with it: perhaps before anybody has heard the run's last word.</summary>
internal static class RunQuestion
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), Look = TimeSpan.FromSeconds(1);

    /// <summary>The coordinator's answer; null once the supervisor of the local cluster has ended it.</summary>
    public static async Task<RunStatus?> AskAsync(ClusterClient client, ClusterPlace place, long sinceEvent, CancellationToken cancel)
    {
        long since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await client.AskAsync<RunStatus>(new StatusQuery(sinceEvent), place.RunDirectory is null ? Patience : Look, cancel);
            }
            catch (Exception e) when (e is RefusedException { Unreachable: true } or CommandException && place.RunDirectory is not null && Stopwatch.GetElapsedTime(since) < Patience)
            {
                if (ClusterAddresses.HaveGone(place.RunDirectory))
                {
                    return null;
                }
            }
        }
    }
}
