using Akka.Actor;

using MoeActors.Actors.Node;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Http;
using MoeActors.Host.Progress;

namespace MoeActors.Host.Nodes;

/// <summary>Asks the coordinator twice a second where the run stands; keeps the newest answer for the status server and sets the metrics by it.</summary>
internal sealed class StatusPoll(ActorSelection gateway, TimeProvider time)
{
    private readonly Queue<CurvePoint> curve = new();
    private readonly Queue<StatusEvent> events = new();
    private volatile StatusPage current = new() { RunId = "", State = "starting", Health = "" };
    private long answered = -1;
    private long lastEvent;
    private string? model;

    /// <summary>The newest answer, and how the node is now. From any thread.</summary>
    public StatusPage Status()
    {
        StatusPage status = current;
        long at = Interlocked.Read(ref answered);
        return status with { Health = NodeHealth.Of(status.State, at < 0 ? null : time.GetElapsedTime(at)) };
    }

    /// <summary>Asks until <paramref name="stop"/>.</summary>
    public async Task RunAsync(NodeProcess node, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                try
                {
                    Take(await gateway.Ask<RunStatus>(new StatusQuery(lastEvent), TimeSpan.FromSeconds(2), stop));
                }
                catch (AskTimeoutException)
                {
                    // No coordinator for the moment: the last answer stands.
                }

                NodeMetrics.Update(node.Statistics);
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    /// <summary>Takes in an answer of the coordinator.</summary>
    internal void Take(RunStatus status)
    {
        ProgressSnapshot snapshot = StatusProgress.Of(status);
        if (status.RunId != current.RunId)
        {
            model = Model(status.RunFolder);
        }

        if (status.Step > 0 && double.IsFinite(status.Loss) && (curve.Count == 0 || curve.Last().Step != status.Step))
        {
            curve.Enqueue(new CurvePoint(status.Step, status.Loss, status.TokensPerSecond));
            if (curve.Count > 300)
            {
                curve.Dequeue();
            }
        }

        foreach (string text in status.Events)
        {
            events.Enqueue(new StatusEvent(time.GetUtcNow(), StatusProgress.KindOf(text), text));
            if (events.Count > 40)
            {
                events.Dequeue();
            }
        }

        lastEvent = status.LastEvent;
        StepMetrics.Step.Set(status.Step);
        StepMetrics.TokensPerSecond.Set(status.TokensPerSecond);
        StepMetrics.Loss.Set(status.Loss);
        StepMetrics.ValidationLoss.Set(status.ValidationLoss);
        MembershipMetrics.NodesUp.Set(status.NodesUp);
        MembershipMetrics.NodesWanted.Set(status.NodesWanted);
        MembershipMetrics.Epoch.Set(status.Epoch);
        RecoveryMetrics.Plt.Set(snapshot.Plt ?? 0);
        RecoveryMetrics.Ettr.Set(snapshot.Ettr ?? 0);
        CheckpointMetrics.LastStep.Set(Math.Max(0, status.Checkpoint));
        current = new StatusPage
        {
            RunId = status.RunId,
            Model = model,
            State = RunStates.Of(status),
            Health = NodeHealth.Ok,
            Progress = snapshot,
            Nodes = [.. status.Nodes.Select(Node)],
            Curve = [.. curve],
            Events = [.. events],
        };
        Interlocked.Exchange(ref answered, time.GetTimestamp());
    }

    /// <summary>The coordinator names a node "node-1 pid 4711".</summary>
    private static NodeStatus Node(string named)
    {
        int at = named.LastIndexOf(' ');
        return new NodeStatus(named[..named.IndexOf(' ', StringComparison.Ordinal)], int.Parse(named[(at + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    private static string? Model(string runFolder)
    {
        try
        {
            return runFolder.Length > 0 ? RunFolder.Record(runFolder)?.Model.Name : null;
        }
        catch (Exception e) when (e is SpecException or IOException or UnauthorizedAccessException)
        {
            // The page shows the run without it.
            return null;
        }
    }
}
