using System.Diagnostics;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Progress;

namespace MoeActors.Host.Runs;

/// <summary>Follows a run through its coordinator, whoever that is, and shows it.</summary>
internal sealed class RunWatch(ClusterClient client, ProgressView view)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private long lastEvent;
    private long shownStep = -1;

    /// <summary>Told of each answer of the coordinator; null where there was none.</summary>
    public Action<RunStatus?>? Asked { get; init; }

    /// <summary>Until the run has ended; when cancelled, asks for a checkpoint and an orderly stop. Returns its last status.</summary>
    /// <param name="lost">Ends when the cluster cannot go on.</param>
    /// <param name="stopTimeout">Patience with an orderly stop.</param>
    /// <param name="cancel">Asks to stop.</param>
    public async Task<RunStatus> UntilEndedAsync(Task<CommandException> lost, TimeSpan stopTimeout, CancellationToken cancel)
    {
        long? stopSince = null;
        while (true)
        {
            if (lost.IsCompleted)
            {
                throw await lost;
            }

            if (cancel.IsCancellationRequested && stopSince is null)
            {
                stopSince = Stopwatch.GetTimestamp();
                view.Event(ProgressEventKind.Info, "stopping after a last checkpoint (Ctrl-C again: at once)");
            }

            RunStatus? status = await PollAsync();
            Asked?.Invoke(status);
            if (stopSince is not null)
            {
                // Again each time: the request may be lost, or the coordinator that took it.
                client.Tell(new StopRun("interrupted"));
            }

            if (status is not null)
            {
                Show(status);
                if (status.Outcome == "stopped")
                {
                    view.Event(ProgressEventKind.Info, $"go on with it: {ResumeHint.Of(status.RunFolder)}");
                }

                if (status.Outcome.Length > 0)
                {
                    return status;
                }
            }

            if (stopSince is { } since && Stopwatch.GetElapsedTime(since) > stopTimeout)
            {
                throw new CommandException(ExitCodes.Interrupted, $"no orderly stop within {stopTimeout.TotalSeconds:0} s: stopped without a last checkpoint (supervision.stop-timeout)");
            }

            await Task.Delay(Interval, CancellationToken.None);
        }
    }

    /// <summary>Shows one status.</summary>
    public void Show(RunStatus status)
    {
        if (status.LastEvent < lastEvent)
        {
            // Another coordinator counts from the beginning.
            lastEvent = 0;
            return;
        }

        foreach (string text in status.Events)
        {
            view.Event(StatusProgress.KindOf(text), text);
        }

        lastEvent = status.LastEvent;
        if (status.Step != shownStep || status.Phase != "running")
        {
            shownStep = status.Step;
            view.Update(StatusProgress.Of(status));
        }
    }

    private async Task<RunStatus?> PollAsync()
    {
        try
        {
            return await client.AskAsync<RunStatus>(new StatusQuery(lastEvent), TimeSpan.FromSeconds(2), CancellationToken.None);
        }
        catch (Exception e) when (e is RefusedException or CommandException)
        {
            // No coordinator for the moment: the cluster elects another, or its loss ends the watch.
            return null;
        }
    }
}
