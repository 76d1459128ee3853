using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Runs;

/// <summary>
/// Checkpoints in an object store lie outside the run folder, under the run's id: a copy of the folder shares them with the folder it was copied from. Only one of the two may be
/// trained at a time.
/// </summary>
internal static class SharedCheckpoints
{
    private const int Looks = 80;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Refuses to go on in a folder while the one in which the run was started last is being trained.</summary>
    public static void DemandFree(string folder)
    {
        RunSpec? record = RunFolder.Record(folder);
        if (record is not { Checkpoint.Location.Length: > 0 } || Origin(folder) is not { } origin || origin == folder || RunFolder.Record(origin)?.RunId != record.RunId)
        {
            return;
        }

        if (RunFolderLock.IsHeld(origin, RunFolderLock.SupervisorName) || RunFolderLock.IsHeld(origin, RunFolderLock.CoordinatorName))
        {
            throw new CommandException(
                ExitCodes.Resources, $"{folder}: is a copy of {origin}, which is being trained, and both keep their checkpoints in {record.Checkpoint.Location}; stop that one first, or begin a new run by `moe train`");
        }
    }

    /// <summary>Refuses while the coordinator of another cluster has the folder: before anything is written there. Processes of a former start may be about to end, and are waited for.</summary>
    public static async Task DemandUntrainedAsync(string folder, CancellationToken cancel)
    {
        for (int left = Looks; RunFolderLock.IsHeld(folder); left--)
        {
            if (left == 0)
            {
                throw new CommandException(ExitCodes.Resources, $"{folder}: this run is being trained by another cluster; stop it first (moe run stop --cluster HOST:PORT)");
            }

            await Task.Delay(Pause, cancel);
        }
    }

    /// <summary>The folder that the nodes' settings name: where the run was started last; null where it was never started here.</summary>
    private static string? Origin(string folder)
    {
        string file = Path.Combine(folder, NodeConfig.Name);
        return File.Exists(file) && SettingsLayer.Read(file, folder, SettingsLayer.NoEnvironment).Values.TryGetValue("node.data-dir", out SettingValue? value) ? value.Text : null;
    }
}
