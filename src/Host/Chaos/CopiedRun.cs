using System.Diagnostics;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Chaos;

/// <summary>
/// A campaign's copy: while the run is being trained its folder is copied, as it lies there, and the copy is resumed beside it. Neither may notice the other, and both must end in
/// the same state.
/// </summary>
internal sealed class CopiedRun(string original, string folder, TextWriter error)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits for the step, copies and resumes; returns the copy's report, or null where the run was over before.</summary>
    /// <param name="step">The step from which on the folder is copied.</param>
    /// <param name="settings">What the original was started with.</param>
    /// <param name="over">Ends with the original.</param>
    /// <param name="cancel">Stops the copy's run in order.</param>
    public async Task<RunReport?> TrainAsync(long step, SettingsRequest settings, Task over, CancellationToken cancel)
    {
        if (!await ReachedAsync(step, over, cancel))
        {
            return null;
        }

        await CopyAsync();
        using var claim = RunFolderClaim.Existing(folder);
        RunSpec recorded = RunFolders.Read(folder);
        SettingsRequest own = settings with { RunDirectory = folder, Overrides = [.. settings.Overrides.Where(o => !RunSpecReader.IsRecorded(o.Key) && o.Key != "preset")] };
        MoeSettings free = SettingsLoader.LoadForRun(own, recorded, Path.Combine(folder, RunReports.RecordName));
        await new LocalRun(TextWriter.Null, error) { Progress = TextWriter.Null }.RunAsync(free, free.Run, folder, resume: true, json: false, cancel);
        return ReportWriter.Read(Path.Combine(folder, ReportWriter.JsonName));
    }

    /// <summary>As an operator copies it. What goes away meanwhile is not in the copy, and `cp` says so; what is missing then, the resumed run will say.</summary>
    private async Task CopyAsync()
    {
        using var copy = Process.Start(new ProcessStartInfo("cp", ["-a", "--", original, folder]) { RedirectStandardError = true })!;
        await copy.StandardError.ReadToEndAsync(CancellationToken.None);
        await copy.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Whether the run gets to the step; false where it is over before.</summary>
    private async Task<bool> ReachedAsync(long step, Task over, CancellationToken cancel)
    {
        string config = Path.Combine(original, NodeConfig.Name);
        while (ClusterAddresses.Read(original).Count == 0 || !File.Exists(config))
        {
            if (over.IsCompleted)
            {
                return false;
            }

            await Task.Delay(Pause, cancel);
        }

        MoeSettings reach = SettingsLoader.Load(new SettingsRequest { ConfigFile = config });
        await using var cluster = new ClusterClient(reach.Runtime.Cluster, reach.Runtime.Cluster.ProvenSecret(), () => ClusterAddresses.Read(original));
        while (!over.IsCompleted)
        {
            try
            {
                if ((await cluster.AskAsync<RunStatus>(new StatusQuery(long.MaxValue), Pause, cancel)).Step >= step)
                {
                    return true;
                }
            }
            catch (Exception e) when (e is CommandException or RefusedException)
            {
                // Nobody answers for the moment.
            }

            await Task.Delay(Pause, cancel);
        }

        return false;
    }
}
