using CsCheck;

using MoeActors.Actors.Faults;
using MoeActors.Actors.Faults.Campaigns;
using MoeActors.Actors.Tests.Faults.Admin;

namespace MoeActors.Actors.Tests.Faults;

public sealed class CampaignScheduleTests
{
    private static readonly CampaignRun Run = new(100, ["node-1", "node-2", "node-3"], 4, 2);

    private static readonly Campaign All = new()
    {
        Seed = 1,
        Count = 20,
        MeanSteps = 4,
        FirstStep = 3,
        Kinds = [.. FaultKinds.All.Select(k => new CampaignKind(k.Name, [], k.Lasting ? 1000 : 0))],
    };

    [Fact]
    public void A_seed_gives_the_same_faults_for_ever()
    {
        // Written down: another machine, another release must give these.
        Campaign campaign = All with { Kinds = [new("kill-process", [], 0), new("crash-shard", [], 0), new("link-delay", ["ms=20"], 1000)], Count = 4 };
        Assert.Equal(
            Expected,
            CampaignSchedule.Of(campaign, Run).Select(f => $"{f.AtStep} {f.Kind} {f.Target}"));
    }

    private static readonly string[] Expected = ["3 crash-shard expert-shard-1-1", "5 link-delay node-3>node-2", "11 crash-shard expert-shard-0-2", "13 kill-process node-2"];

    [Fact]
    public void Every_fault_is_one_that_the_cluster_would_accept()
    {
        Gen.Long.Sample(seed =>
        {
            IReadOnlyList<PlannedFault> faults = CampaignSchedule.Of(All with { Seed = seed }, Run);
            var limits = new FaultLimits(true, 1, TimeSpan.FromSeconds(10));
            return faults.Count <= All.Count
                && faults.All(f => f.AtStep >= All.FirstStep && f.AtStep <= Run.Steps - CampaignSchedule.QuietSteps)
                && faults.Zip(faults.Skip(1)).All(p => p.Item1.AtStep <= p.Item2.AtStep)
                && faults.All(f => FaultRules.Check(Some.Fault(f.Kind, f.Target, f.ForMs, f.AtStep), Some.Cluster(3), limits, 0, 0).Kind is not null);
        });
    }

    [Fact]
    public void The_mean_distance_is_the_one_asked_for()
    {
        var run = new CampaignRun(1_000_000, Run.Nodes, 4, 2);
        IReadOnlyList<PlannedFault> faults = CampaignSchedule.Of(All with { Count = 1000, MeanSteps = 50 }, run);
        Assert.InRange((faults[^1].AtStep - faults[0].AtStep) / 999.0, 45, 56);
    }

    [Fact]
    public void Only_the_nodes_named_are_hit_and_the_script_is_part_of_it()
    {
        var scripted = new PlannedFault(50, "kill-process", "node-3", [], 0);
        IReadOnlyList<PlannedFault> faults = CampaignSchedule.Of(All with { Kinds = [new("kill-process", [], 0)], Nodes = ["node-2"], Script = [scripted] }, Run);
        Assert.Contains(scripted, faults);
        Assert.All(faults, f => Assert.True(ReferenceEquals(f, scripted) || f.Target == "node-2"));
    }

    [Fact]
    public void Another_seed_gives_other_faults() =>
        Assert.NotEqual(CampaignSchedule.Of(All, Run).Select(f => f.ToString()), CampaignSchedule.Of(All with { Seed = 2 }, Run).Select(f => f.ToString()));
}
