using System.Net;
using System.Net.Sockets;
using System.Text;

using Akka.Actor;

using MoeActors.Actors.Protocol;
using MoeActors.Actors.Tests.ControlPlane;
using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>SE-1: a stranger who sends what it likes to every port of a run changes neither its result nor, by much, its memory.</summary>
[Collection(ProcessCollection.Name)]
public sealed class HostilePeerTests
{
    private const int Attackers = 4, MostMebibytes = 64;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Tier", "integration")]
    public Task Ten_thousand_mutated_frames_on_every_port_leave_no_trace() => AttackedAsync(10_000);

    [Fact]
    [Trait("Tier", "soak")]
    public Task A_hundred_thousand_mutated_frames_on_every_port_leave_no_trace() => AttackedAsync(100_000);

    private static async Task AttackedAsync(int frames)
    {
        await using var world = new World();
        // A constant learning rate: the other run is as long as this one turns out to be.
        string[] settings = ["data-plane.unix-sockets=off", "checkpoint.interval=20", "training.learning-rate=1e-3", "training.min-learning-rate=1e-3"];
        MoeProcess run = world.Start([.. world.Train(1_000_000, settings), "--nodes", "2"]);
        await run.SaysAsync(l => ResumeTests.StepOf(l) >= 40, "step 40");
        int[] pids = [.. world.Living()];
        int[] before = [.. pids.Select(ListeningPorts.MebibytesOf)];
        int[] ports = [.. pids.SelectMany(ListeningPorts.Of).Distinct()];

        // Control and data port of both nodes, HTTP, and the control port of the command itself.
        Assert.True(ports.Length >= 6, $"only {string.Join(", ", ports)}");
        await Task.WhenAll(Enumerable.Range(0, Attackers).Select(a => AttackAsync(ports, frames / Attackers, new Random(a))));
        int[] after = [.. pids.Select(ListeningPorts.MebibytesOf)];
        Assert.All(before.Zip(after, (first, second) => (First: first, Second: second)), p => Assert.True(p.Second - p.First <= MostMebibytes, $"{p.First} MiB became {p.Second}"));

        run.Signal(NativeProcess.Terminate);
        Assert.Equal(ExitCodes.Terminated, (await run.EndedAsync()).Code);
        var attacked = new RunRecord(world.Run);
        Assert.Single(attacked.Epochs);
        Assert.Empty(attacked.Report.Faults);

        await using var calm = new World();
        MoeProcess other = calm.Start([.. calm.Train((int)attacked.Report.Totals.Steps, settings), "--nodes", "1"]);
        Ended ended = await other.EndedAsync();
        Assert.True(ended.Code == 0, other.Transcript);
        var undisturbed = new RunRecord(calm.Run);
        Assert.Equal(undisturbed.Report.Totals.WeightsHash, attacked.Report.Totals.WeightsHash);
        Assert.Equal(undisturbed.Report.Steps.Select(s => s.Loss), attacked.Report.Steps.Select(s => s.Loss));
    }

    private static async Task AttackAsync(int[] ports, int frames, Random random)
    {
        byte[][] seeds =
        [
            HostileClient.Associate(new Address("akka.tls", "moe", "127.0.0.1", 1)),
            HostileClient.Envelope("akka.tls://moe@127.0.0.1:1/user/gateway", ControlSerializer.Write(new StopRun("ATTACKER")), 7301, "stop", null),
            Convert.FromHexString("160301008a010000860303"),
            [.. "MOEX"u8, 3, 0, 1, 0, 40, 0, 0, 0, .. new byte[40]],
            Encoding.ASCII.GetBytes("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
            Encoding.ASCII.GetBytes("POST /faults HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"),
        ];
        for (int n = 0; n < frames; n++)
        {
            foreach (int port in ports)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
                try
                {
                    await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), Cancel);
                    await socket.SendAsync(Mutations.Of(seeds[random.Next(seeds.Length)], random), SocketFlags.None, Cancel);
                }
                catch (SocketException)
                {
                    // Refused already.
                }
            }
        }
    }
}
