using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using MoeActors.Actors.Cluster;
using MoeActors.Actors.Exchange;
using MoeActors.Compute.Models;

namespace MoeActors.Actors.Tests.Clusters;

public sealed class DoorTests
{
    [Fact]
    public async Task A_node_with_another_secret_is_refused_with_the_reason_and_the_remedy()
    {
        await using var cluster = new TestCluster();
        NodeProcess first = await cluster.AddNodeAsync("node-1", o => o with { Secret = "mine" });
        RefusedException e = await Assert.ThrowsAsync<RefusedException>(() => cluster.AddNodeAsync("node-2", o => o with { Secret = "theirs" }));
        Assert.Equal($"{first.Address} refused: the shared secret differs: give both sides the same cluster.secret", e.Message);
    }

    [Fact]
    public async Task Nodes_that_share_a_secret_and_certificates_train_over_tls()
    {
        await using var cluster = new TestCluster();
        string certificate = NewCertificate(cluster.Folder);
        NodeOptions Guarded(NodeOptions o) => o with
        {
            Secret = "ours",
            Tls = new ControlTls(certificate, "pass"),
            Exchange = o.Exchange with { Secret = "ours" },
        };
        await cluster.AddNodeAsync("node-1", Guarded);
        await cluster.AddNodeAsync("node-2", Guarded);
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 2, nodes: 2);
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        Assert.Equal(2, cluster.Run.Epochs[0].Nodes.Count);
    }

    [Fact]
    public async Task A_node_without_the_certificate_cannot_join_and_the_cluster_lives_on()
    {
        await using var cluster = new TestCluster();
        string certificate = NewCertificate(cluster.Folder);
        await cluster.AddNodeAsync("node-1", o => o with { Tls = new ControlTls(certificate, "pass") });
        RefusedException e = await Assert.ThrowsAsync<RefusedException>(() => cluster.AddNodeAsync("node-2"));
        Assert.Contains("does not answer", e.Message, StringComparison.Ordinal);
        Assert.Equal("completed", await cluster.TrainAsync(TestRuns.Spec(cluster.Folder, steps: 1)));
    }

    private static string NewCertificate(string folder)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=moe", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string file = Path.Combine(folder, "node.p12");
        File.WriteAllBytes(file, certificate.Export(X509ContentType.Pkcs12, "pass"));
        return file;
    }
}
