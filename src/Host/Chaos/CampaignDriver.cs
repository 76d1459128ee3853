using MoeActors.Actors.Faults.Campaigns;
using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Chaos;

/// <summary>Injects a campaign's faults into a running local cluster, through its admin like any operator; the audit says what becomes of them.</summary>
internal sealed class CampaignDriver(MoeSettings settings, string folder, IReadOnlyList<PlannedFault> faults, string name)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly List<string> refusals = [];

    /// <summary>Why faults were refused.</summary>
    public IReadOnlyList<string> Refusals => refusals;

    /// <summary>Hands all of them to the admin, which waits for their steps; gives up when the run is <paramref name="over"/>.</summary>
    public async Task RunAsync(Task over, CancellationToken cancel)
    {
        string config = Path.Combine(folder, NodeConfig.Name);
        while (ClusterAddresses.Read(folder).Count == 0 || !File.Exists(config))
        {
            if (over.IsCompleted)
            {
                return;
            }

            await Task.Delay(Pause, cancel);
        }

        MoeSettings reach = SettingsLoader.Load(new SettingsRequest { ConfigFile = config });
        await using var cluster = new ClusterClient(reach.Runtime.Cluster, reach.Runtime.Cluster.ProvenSecret(), () => ClusterAddresses.Read(folder));
        await using var client = new FaultClient(cluster);
        await ReadyAsync(cluster, over, cancel);
        foreach (PlannedFault fault in faults)
        {
            await InjectAsync(client, fault, over, cancel);
        }
    }

    /// <summary>Targets exist once the run is under way on all its nodes.</summary>
    private async Task ReadyAsync(ClusterClient client, Task over, CancellationToken cancel)
    {
        while (!over.IsCompleted)
        {
            if (await TryAsync(() => client.AskAsync<RunStatus>(new StatusQuery(long.MaxValue), Pause, cancel)) is { Phase: "running" } status && status.NodesUp >= settings.Run.Nodes)
            {
                return;
            }

            await Task.Delay(Pause, cancel);
        }
    }

    private async Task InjectAsync(FaultClient client, PlannedFault fault, Task over, CancellationToken cancel)
    {
        var request = new InjectFault(fault.Kind, fault.Target, fault.Parameters, fault.AtStep, 0, fault.ForMs, false, $"campaign {name}", Guid.NewGuid().ToString("N"));
        string last = "the run was over before it was asked for";
        while (!over.IsCompleted)
        {
            if (await TryAsync(() => client.InjectAsync(request, cancel)) is { } answer)
            {
                if (answer.Accepted)
                {
                    return;
                }

                // A node that is being started again, or too many faults at once: a moment later it may be possible.
                last = answer.Message;
            }

            await Task.Delay(Pause, cancel);
        }

        refusals.Add($"{fault.Kind} on {fault.Target} at step {fault.AtStep}: {last}");
    }

    private static async Task<T?> TryAsync<T>(Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (e is CommandException or Actors.Cluster.Membership.RefusedException)
        {
            // Nobody answers for the moment, or any more.
            return null;
        }
    }
}
