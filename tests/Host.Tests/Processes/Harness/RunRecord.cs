using System.Text.Json;

using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;

namespace MoeActors.Host.Tests.Processes.Harness;

/// <summary>An actor in an epoch.</summary>
internal sealed record ActorOf(string Name, long Incarnation);

/// <summary>A node in an epoch.</summary>
internal sealed record NodeOf(string Name, int Pid, string Incarnation, int[] Ranks, ActorOf[] Actors);

/// <summary>An epoch as the run recorded it once all its nodes were ready.</summary>
internal sealed record EpochOf(int Epoch, long RestoreStep, NodeOf[] Nodes);

/// <summary>What a run left behind, with the assertions that hold for every run.</summary>
internal sealed class RunRecord
{
    public RunRecord(string folder)
    {
        Report = ReportWriter.Read(Path.Combine(folder, "report.json"));
        Events = EventsLog.Read(Path.Combine(folder, EventsLog.FileName));
        Epochs = [.. Events.All.Where(e => e.Type == "epoch").Select(e => JsonSerializer.Deserialize<EpochOf>(e.Message!, JsonSerializerOptions.Web)!)];
    }

    public RunReport Report { get; }

    public EventHistory Events { get; }

    public IReadOnlyList<EpochOf> Epochs { get; }

    /// <summary>DA-1: every sample of the run contributed exactly once.</summary>
    public void EverySampleContributedOnce(long steps, int batch = 8) => Assert.Equal(
        (steps, steps * batch, 0L, 0L),
        (Report.Totals.Steps, Report.Samples.Contributed, Report.Samples.Lost, Report.Samples.Repeated));

    /// <summary>DT-1, RC-1: the same state at the end and wherever both runs took a hash; at least three times along the way.</summary>
    public void EndsLike(RunRecord undisturbed)
    {
        Assert.Equal("completed", Report.Totals.Outcome);
        Assert.Equal(undisturbed.Report.Totals.WeightsHash, Report.Totals.WeightsHash);
        Assert.Equal(undisturbed.Report.Totals.StateHash, Report.Totals.StateHash);
        StateMark[] shared = [.. Report.StateHashes!.Where(m => undisturbed.Report.StateHashes!.Any(u => u.Step == m.Step))];
        Assert.True(shared.Length > 3, $"hashes at {string.Join(", ", Report.StateHashes!.Select(m => m.Step))} and {string.Join(", ", undisturbed.Report.StateHashes!.Select(m => m.Step))}");
        Assert.All(shared, m => Assert.Equal(undisturbed.Report.StateHashes!.Single(u => u.Step == m.Step), m));
        Assert.Equal(undisturbed.Report.Steps.Select(s => s.Loss), Report.Steps.Select(s => s.Loss));
        Assert.Equal(undisturbed.Report.Totals.ValidationLoss, Report.Totals.ValidationLoss);
    }

    /// <summary>A node that was not killed keeps process and actors through all epochs; one that was has a new process for each death at most.</summary>
    public void SurvivorsKeptProcessAndActors()
    {
        foreach (IGrouping<string, NodeOf> node in Epochs.SelectMany(e => e.Nodes).GroupBy(n => n.Name))
        {
            int deaths = Report.Faults.Count(f => f.Target == node.Key);
            Assert.InRange(node.Select(n => n.Pid).Distinct().Count(), 1, 1 + deaths);
            foreach (IGrouping<int, NodeOf> process in node.GroupBy(n => n.Pid))
            {
                Assert.Single(process.Select(n => n.Incarnation).Distinct());
                Assert.All(process.SelectMany(n => n.Actors).GroupBy(a => a.Name), a => Assert.Single(a.Select(x => x.Incarnation).Distinct()));
            }
        }

        for (int i = 1; i < Epochs.Count; i++)
        {
            int[] before = [.. Epochs[i - 1].Nodes.Select(n => n.Pid)];
            Assert.Contains(Epochs[i].Nodes, n => before.Contains(n.Pid));
        }
    }

    /// <summary>One reported, injected fault for each of "node:phase", in that order among those of a node.</summary>
    public void PhasesHit(params string[] points)
    {
        var left = Report.Faults.Where(f => f.Injected).Select(f => (f.Target, Phases: f.Phase!.Split('+'))).ToList();
        foreach (string point in points)
        {
            string[] parts = point.Split(':');
            int at = left.FindIndex(f => f.Target == parts[0] && f.Phases.Contains(parts[1]));
            Assert.True(at >= 0, $"no fault {point} among {string.Join(", ", Report.Faults.Select(f => $"{f.Target}:{f.Phase}"))}");
            left.RemoveAt(at);
        }

        Assert.True(left.Count == 0, $"more faults than planned: {string.Join(", ", left.Select(f => $"{f.Target}:{string.Join('+', f.Phases)}"))}");
    }
}
