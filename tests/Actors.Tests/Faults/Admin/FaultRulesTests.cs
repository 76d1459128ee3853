using MoeActors.Actors.Faults;
using MoeActors.Actors.Faults.Agent.Injectors;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Faults.Admin;

/// <summary>AD-1: what is allowed, and the reason where it is not.</summary>
public sealed class FaultRulesTests
{
    private static readonly FaultLimits Limits = new(true, 2, TimeSpan.FromSeconds(10));

    [Fact]
    public void Nothing_is_allowed_where_it_is_not_enabled() =>
        Refused(Some.Fault("kill-process", "node-2"), "faults.enabled = on", limits: FaultLimits.Off);

    [Fact]
    public void What_does_not_exist_is_refused_with_what_there_is()
    {
        Refused(Some.Fault("kill", "node-2"), "unknown kind 'kill'");
        Refused(Some.Fault("kill-process", "node-9"), "no such node; there are node-1, node-2, node-3");
        Refused(Some.Fault("crash-rank", "rank-4"), "rank-R with R below 4");
        Refused(Some.Fault("crash-shard", "expert-shard-2-0"), "LAYER below 2");
        Refused(Some.Fault("partition", "node-1>node-1", forMs: 100), "expected two of");
        Refused(Some.Fault("crash-coordinator", "node-1"), "expected coordinator");
    }

    [Fact]
    public void A_duration_is_needed_bounded_and_only_where_the_kind_lasts()
    {
        Refused(Some.Fault("stop-process", "node-2"), "say for how long");
        Refused(Some.Fault("stop-process", "node-2", forMs: 10_001), "faults.max-duration = 10 s");
        Refused(Some.Fault("kill-process", "node-2", forMs: 5), "takes no duration");
    }

    [Fact]
    public void Parameters_are_those_of_the_kind_within_their_bounds()
    {
        Refused(Some.Fault("slow-process", "node-2", 100, with: "share=2"), "from 0.05 to 0.95");
        Refused(Some.Fault("slow-process", "node-2", 100, with: "much=1"), "takes share=");
        Refused(Some.Fault("kill-at-phase", "node-2", 100, with: "phase=lunch"), "expected forward");
        (FaultKind? kind, IReadOnlyList<string> parameters, _) = Check(Some.Fault("link-drop", "node-1=node-2", 100, with: "count=3"));
        Assert.Equal("link-drop", kind!.Name);
        Assert.Equal(["probability=0.02", "count=3"], parameters);
    }

    [Fact]
    public void As_many_at_once_as_the_limit_and_more_only_later()
    {
        Refused(Some.Fault("kill-process", "node-2"), "faults.max-active = 2", active: 2);
        Assert.NotNull(Check(Some.Fault("kill-process", "node-2", afterStep: 50), active: 2).Kind);
    }

    [Fact]
    public void Without_another_node_to_look_nothing_is_injected() =>
        Refused(Some.Fault("kill-process", "node-1"), "no node but the target", nodes: 1);

    [Fact]
    public void What_needs_a_run_is_refused_without_one()
    {
        Refused(Some.Fault("nan-gradient", "expert-shard-0-0"), "needs a run", running: false);
        Assert.NotNull(Check(Some.Fault("kill-process", "node-2"), running: false).Kind);
    }

    [Fact]
    public void The_observer_is_never_the_target_and_rather_on_its_host()
    {
        Topology cluster = Some.Cluster(3) with { Nodes = [Some.Node("node-1", "far"), Some.Node("node-2"), Some.Node("node-3")] };
        foreach (FaultKind kind in FaultKinds.All.Where(k => k.Form == TargetForm.Node))
        {
            (ResolvedTarget? target, _) = FaultTarget.Resolve(kind, "node-2", cluster);
            Assert.Equal("node-3", FaultObservers.Choose(kind, target!, cluster)!.Name);
        }
    }

    [Fact]
    public void Each_kind_has_an_injector_and_each_injector_a_kind() =>
        Assert.Equal(FaultKinds.All.Select(k => k.Name).Order(StringComparer.Ordinal), FaultInjectors.Of(null!).Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void The_defaults_of_every_kind_are_within_its_own_bounds()
    {
        foreach (FaultKind kind in FaultKinds.All)
        {
            Assert.Null(FaultRules.Shape(kind, [.. kind.Parameters.Select(p => $"{p.Name}={p.Default}")], kind.Lasting ? 1 : 0, TimeSpan.FromSeconds(1)));
        }
    }

    private static (FaultKind? Kind, IReadOnlyList<string> Parameters, string Reason) Check(
        InjectFault fault, int nodes = 3, int active = 0, bool running = true, FaultLimits? limits = null) =>
        FaultRules.Check(fault, Some.Cluster(nodes, running: running), limits ?? Limits, active, 0);

    private static void Refused(InjectFault fault, string reason, int nodes = 3, int active = 0, bool running = true, FaultLimits? limits = null)
    {
        (FaultKind? kind, _, string said) = Check(fault, nodes, active, running, limits);
        Assert.Null(kind);
        Assert.Contains(reason, said, StringComparison.Ordinal);
    }
}
