using System.Text.Json;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Diagnostics;
using MoeActors.Host.Diagnostics;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Tests.Diagnostics;

public class NodeLogTests
{
    [Fact]
    public void A_line_says_when_who_where_in_the_run_and_what()
    {
        using var folder = new TemporaryFolder();
        LogContext.Run = "a1b2";
        LogContext.Epoch = 3;
        LogContext.Step = 17;
        using (var log = new NodeLogWriter(folder.File("logs/node-1.log"), "node-1", time: new Progress.StoppedClock()))
        {
            log.Write("warning", "rank-2", "late\nby 3 s");
        }

        NodeLogLine line = JsonSerializer.Deserialize<NodeLogLine>(Assert.Single(File.ReadAllLines(folder.File("logs/node-1.log"))), ReportJson.Line)!;
        Assert.Equal(new NodeLogLine(DateTimeOffset.UnixEpoch, "warning", "node-1", "a1b2", 3, 17, "rank-2", "late\nby 3 s"), line);
    }

    [Fact]
    public void Logs_rotate_by_size_and_the_oldest_go()
    {
        using var folder = new TemporaryFolder();
        using (var log = new NodeLogWriter(folder.File("n.log"), "n", maxBytes: 1000, files: 3))
        {
            for (int i = 0; i < 100; i++)
            {
                log.Write("info", "test", $"message {i}");
            }
        }

        Assert.Equal(["n.log", "n.log.1", "n.log.2"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
        Assert.All(Directory.GetFiles(folder.Path), f => Assert.InRange(new FileInfo(f).Length, 1, 1000));
        Assert.Contains("message 99", File.ReadLines(folder.File("n.log")).Last(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_that_takes_no_line_does_not_harm_the_node()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("taken"), "");
        using var log = new NodeLogWriter(Path.Combine(folder.File("taken"), "n.log"), "n");
        log.Write("info", "test", "lost");
        Assert.Equal(1, log.Lost);
    }

    [Fact]
    public async Task Akka_logs_through_it_with_the_cause_of_errors()
    {
        using var folder = new TemporaryFolder();
        Config config = NodeLogger.Settings(folder.File("node-7.log"), "node-7").WithFallback(ConfigurationFactory.ParseString("akka.loglevel = INFO\nakka.stdout-loglevel = OFF"));
        using (ActorSystem system = ControlSystem.Create(config, null))
        {
            for (int i = 0; i < 20_000; i++)
            {
                system.Log.Info("step {0}", i);
            }

            system.Log.Error(new InvalidOperationException("the cause"), "shard {0} failed", 5);
            system.Log.Debug("too fine");
            await system.Terminate();
        }

        NodeLogLine[] lines = [.. File.ReadLines(folder.File("node-7.log")).Select(l => JsonSerializer.Deserialize<NodeLogLine>(l, ReportJson.Line)!)];
        NodeLogLine line = Assert.Single(lines, l => l.Level == "error");
        Assert.Equal("node-7", line.Node);
        Assert.Contains("shard 5 failed", line.Message, StringComparison.Ordinal);
        Assert.Contains("the cause", line.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(lines, l => l.Level == "debug");
    }
}
