using System.Net;

using Akka.Actor;

using MoeActors.Actors.Cluster;
using MoeActors.Actors.Protocol;
using MoeActors.Host.Configuration;
using MoeActors.Host.Http;
using MoeActors.Host.Progress;

namespace MoeActors.Host.Nodes;

/// <summary>The node's metrics and status over HTTP: asks the coordinator twice a second and keeps the newest answer.</summary>
internal static class NodeStatusServer
{
    /// <summary>Starts the server, or returns null when it is switched off.</summary>
    public static async Task<StatusServer?> StartAsync(MoeSettings settings, NodeProcess node, TimeProvider time, CancellationToken stop)
    {
        HttpSettings http = settings.Runtime.Http;
        if (!http.Enabled)
        {
            return null;
        }

        var poll = new StatusPoll(node.System.ActorSelection("/user/gateway"), time);
        IPAddress address = IPAddress.TryParse(http.Host, out IPAddress? parsed)
            ? parsed
            : http.Host == "localhost" ? IPAddress.Loopback : (await Dns.GetHostAddressesAsync(http.Host, stop))[0];
        ActorSelection gateway = node.System.ActorSelection("/user/gateway");
        FaultApi? faults = http.Token is { } token && settings.Runtime.FaultsEnabled
            ? new FaultApi(token, (message, cancel) => gateway.Ask<object>(message, TimeSpan.FromSeconds(10), cancel))
            : null;
        StatusServer server = await StatusServer.StartAsync(new StatusServerOptions { Address = address, Port = http.Port, Faults = faults }, poll.Status, stop);
        _ = poll.RunAsync(node, stop);
        return server;
    }

    private sealed class StatusPoll(ActorSelection gateway, TimeProvider time)
    {
        private readonly Queue<CurvePoint> curve = new();
        private readonly Queue<StatusEvent> events = new();
        private volatile Http.RunStatus current = new() { RunId = "", Preset = "", State = "starting" };
        private long lastEvent;

        public Http.RunStatus Status() => current;

        public async Task RunAsync(NodeProcess node, CancellationToken stop)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
            try
            {
                while (await timer.WaitForNextTickAsync(stop))
                {
                    try
                    {
                        Take(await gateway.Ask<Actors.Protocol.RunStatus>(new StatusQuery(lastEvent), TimeSpan.FromSeconds(2), stop));
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

        private void Take(Actors.Protocol.RunStatus status)
        {
            ProgressSnapshot snapshot = StatusProgress.Of(status);
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
            current = new Http.RunStatus
            {
                RunId = status.RunId,
                Preset = "",
                State = status.Outcome.Length > 0 ? status.Outcome.Split(':')[0] : status.Phase switch
                {
                    "running" or "applying" or "evaluating" => "running",
                    "finishing" => "stopping",
                    "surveying" or "gathering" or "preparing" when status.Epoch > 1 => "recovering",
                    _ => "starting",
                },
                Progress = snapshot,
                Nodes = [.. status.Nodes.Select(n => new NodeStatus(n, "", true, []))],
                Curve = [.. curve],
                Events = [.. events],
            };
        }
    }
}
