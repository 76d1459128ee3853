using System.Net;

using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Tests.ControlPlane;
using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>SE-1: a stranger who sends what it likes to every port of a run changes neither its result nor, by much, its memory.</summary>
[Collection(ProcessCollection.Name)]
public sealed class HostilePeerTests
{
    [Theory]
    [InlineData(10_000, false)]
    [InlineData(2_500, true)]
    [Trait("Tier", "integration")]
    public Task Thousands_of_mutated_frames_on_every_port_leave_no_trace(int frames, bool certificates) => AttackedAsync(frames, certificates);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Tier", "soak")]
    public Task A_hundred_thousand_mutated_frames_on_every_port_leave_no_trace(bool certificates) => AttackedAsync(100_000, certificates);

    private static async Task AttackedAsync(int frames, bool certificates)
    {
        await using var world = new World();
        // A constant learning rate: the other run is as long as this one turns out to be.
        string[] settings = ["data-plane.unix-sockets=off", "checkpoint.interval=20", "training.learning-rate=1e-3", "training.min-learning-rate=1e-3"];
        string[] tls = certificates ? ["--config", Certified(world)] : [];
        MoeProcess run = world.Start([.. world.Train(1_000_000, settings), "--nodes", "2", .. tls]);
        await run.SaysAsync(l => ResumeTests.StepOf(l) >= 40, "step 40");
        int[] pids = [.. world.Living()];
        int[] ports = [.. pids.SelectMany(ListeningPorts.Of).Distinct()];

        // Control and data port of both nodes, HTTP, and the control port of the command itself.
        Assert.True(ports.Length >= 6, $"only {string.Join(", ", ports)}");
        await FrameAttack.OnAsync(IPAddress.Loopback, ports, pids, frames, TestContext.Current.CancellationToken);

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

    /// <summary>A configuration with an authority's certificate for this machine: both planes have TLS by it, not by the run's secret.</summary>
    private static string Certified(World world)
    {
        using var authority = new TestAuthority("tests");
        ControlTls tls = authority.Issue(world.Folder, "node.p12", "127.0.0.1");
        string file = world.File("tls.conf");
        File.WriteAllText(file, $$"""
            cluster.tls {
              enabled = on
              certificate = "{{tls.CertificateFile}}"
              password = "{{tls.Password}}"
              authority = "{{tls.AuthorityFile}}"
            }
            """);
        return file;
    }
}
