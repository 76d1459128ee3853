using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using MoeActors.Actors.ControlPlane;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.ControlPlane;

public sealed class ControlCredentialsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("moe-tls-").FullName;
    private readonly TestAuthority ours = new("ours"), theirs = new("theirs");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_certificate_of_the_authority_for_that_host_is_accepted() =>
        await DialAsync(Tls(ours, "node.p12", "127.0.0.1"), Tls(ours, "client.p12", "10.1.1.1"), "127.0.0.1");

    [Fact]
    public async Task A_certificate_that_an_authority_below_ours_has_issued_is_accepted_both_ways()
    {
        using var below = new TestAuthority("below", ours);
        await DialAsync(Tls(below, "node.p12", "127.0.0.1"), Tls(below, "client.p12", "10.1.1.1"), "127.0.0.1");
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_not() => await StrangeAsync(Tls(ours, "node.p12", "10.0.0.9"), Tls(ours, "client.p12", "127.0.0.1"));

    [Fact]
    public async Task A_certificate_of_another_authority_is_not() => await StrangeAsync(Tls(theirs, "node.p12", "127.0.0.1"), Tls(ours, "client.p12", "127.0.0.1"));

    [Fact]
    public async Task A_dialler_whose_certificate_is_of_another_authority_is_sent_away()
    {
        ControlTls client = Tls(theirs, "client.p12", "127.0.0.1") with { AuthorityFile = ours.File(folder) };
        DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync(Tls(ours, "node.p12", "127.0.0.1"), client, "127.0.0.1"));
        Assert.Equal(DialFailure.Broken, e.Failure);
        Assert.Contains("does not accept this side's certificate", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_certificate_shared_by_all_needs_no_name_and_no_other_is_accepted()
    {
        ControlTls shared = Tls(ours, "shared.p12", "nobody.example") with { AuthorityFile = null };
        await DialAsync(shared, shared, "127.0.0.1");
        await StrangeAsync(Tls(ours, "other.p12", "127.0.0.1") with { AuthorityFile = null }, shared);
    }

    [Fact]
    public async Task A_secret_is_no_certificate() => await StrangeAsync(Tls(ours, "node.p12", "127.0.0.1"), null);

    [Fact]
    public void Files_that_hold_no_key_or_no_authority_are_named()
    {
        string empty = Path.Combine(folder, "empty.pem");
        File.WriteAllText(empty, "");
        ControlTls tls = Tls(ours, "node.p12", "127.0.0.1");
        Assert.Contains($"cluster.tls.authority = {empty}: holds no certificate", Assert.Throws<SpecException>(() => ControlCredentials.OfCertificates(tls with { AuthorityFile = empty })).Message, StringComparison.Ordinal);
        Assert.Contains("cluster.tls.certificate", Assert.Throws<SpecException>(() => ControlCredentials.OfCertificates(tls with { CertificateFile = empty })).Message, StringComparison.Ordinal);
        Assert.Contains("cluster.tls.certificate", Assert.Throws<SpecException>(() => ControlCredentials.OfCertificates(tls with { Password = "wrong" })).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        ours.Dispose();
        theirs.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private ControlTls Tls(TestAuthority authority, string name, string host) => authority.Issue(folder, name, host);

    private static async Task StrangeAsync(ControlTls node, ControlTls? client)
    {
        DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync(node, client, "127.0.0.1"));
        Assert.Equal(DialFailure.Strange, e.Failure);
    }

    private static async Task DialAsync(ControlTls node, ControlTls? client, string host)
    {
        using var credentials = ControlCredentials.OfCertificates(node);
        using var own = ControlCredentials.Of(client, "a secret that both know");
        using var listener = ControlListener.Bind(IPAddress.Loopback, 0, credentials, null, _ => { });
        List<ControlWire> proven = [];
        Task accepting = listener.AcceptAsync((wire, _) => proven.Add(wire));
        try
        {
            using ControlWire wire = await ControlDial.ConnectAsync(host, listener.LocalEndPoint.Port, own, TimeSpan.FromSeconds(5), Cancel);
        }
        finally
        {
            listener.Dispose();
            await accepting;
            proven.ForEach(w => w.Dispose());
        }
    }
}
