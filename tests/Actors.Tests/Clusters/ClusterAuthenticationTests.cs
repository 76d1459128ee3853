using Akka.Actor;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Node;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Tests.ControlPlane;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

public sealed class ClusterAuthenticationTests
{
    [Fact]
    public async Task A_node_with_another_secret_is_refused_with_the_reason_and_the_remedy()
    {
        await using var cluster = new TestCluster();
        NodeProcess first = await cluster.AddNodeAsync("node-1");
        RefusedException e = await Assert.ThrowsAsync<RefusedException>(() => cluster.AddNodeAsync("node-2", o => o with { Secret = "a secret of somebody else" }));
        Assert.Equal($"{first.Address} has another secret: give both sides the same cluster.secret", e.Message);
    }

    [Fact]
    public async Task Nodes_that_share_a_secret_and_an_authority_train_over_its_certificates()
    {
        await using var cluster = new TestCluster();
        using var authority = new TestAuthority("ours");
        for (int n = 1; n <= 2; n++)
        {
            ControlTls tls = authority.Issue(cluster.Folder, $"node-{n}.p12", "127.0.0.1");
            await cluster.AddNodeAsync($"node-{n}", o => o with { Tls = tls });
        }

        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 2, nodes: 2);
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        Assert.Equal(2, cluster.Run.Epochs[0].Nodes.Count);
    }

    [Fact]
    public async Task With_the_right_certificate_and_another_secret_a_node_is_refused_at_the_gateway()
    {
        await using var cluster = new TestCluster();
        using var authority = new TestAuthority("ours");
        ControlTls tls = authority.Issue(cluster.Folder, "node.p12", "127.0.0.1");
        NodeProcess first = await cluster.AddNodeAsync("node-1", o => o with { Tls = tls });
        RefusedException e = await Assert.ThrowsAsync<RefusedException>(() => cluster.AddNodeAsync("node-2", o => o with { Tls = tls, Secret = "a secret of somebody else" }));
        Assert.Equal($"{first.Address} refused: the shared secret differs: give both sides the same cluster.secret", e.Message);
    }

    [Fact]
    public async Task A_node_without_the_certificate_cannot_join_and_the_cluster_lives_on()
    {
        await using var cluster = new TestCluster();
        using var authority = new TestAuthority("ours");
        ControlTls tls = authority.Issue(cluster.Folder, "node.p12", "127.0.0.1");
        await cluster.AddNodeAsync("node-1", o => o with { Tls = tls });
        RefusedException e = await Assert.ThrowsAsync<RefusedException>(() => cluster.AddNodeAsync("node-2"));
        Assert.Contains("has another secret", e.Message, StringComparison.Ordinal);
        Assert.Equal("completed", await cluster.TrainAsync(TestRuns.Spec(cluster.Folder, steps: 1)));
    }

    [Fact]
    public async Task A_request_without_a_sender_passes_no_gateway()
    {
        await using var cluster = new TestCluster();
        NodeProcess node = await cluster.AddNodeAsync("node-1");
        Task<string> run = cluster.TrainAsync(TestRuns.Spec(cluster.Folder, steps: 30));
        for (int n = 0; n < 10; n++)
        {
            node.System.ActorSelection("/user/gateway").Tell(new StopRun("ATTACKER"), ActorRefs.NoSender);
        }

        Assert.Equal("completed", await run);
    }
}
