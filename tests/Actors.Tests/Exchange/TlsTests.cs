using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Exchange.Wires;
using MoeActors.Actors.Tests.ControlPlane;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Exchange;

[Collection(ExchangeCollection.Name)]
public sealed class TlsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("moe-tls-").FullName;

    [Fact]
    public async Task Tensors_cross_mutual_tls_bit_equal()
    {
        TlsOptions tls = NewCertificate(folder, "shared");
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, "tcp:127.0.0.1:0", (_, o) => o with { Tls = tls });
        foreach (int rows in new[] { 1, 10, 3000 })
        {
            using Tensor sent = randn(rows, 300);
            cluster.Send(0, 1, sent.alias());
            cluster.Send(1, 0, sent.alias());
            foreach (MailboxRef mailbox in cluster.Mailboxes)
            {
                using Tensor got = mailbox.Next().Take()!;
                Assert.True(sent.bytes.SequenceEqual(got.bytes));
            }
        }
    }

    [Fact]
    public async Task Certificates_between_a_node_s_and_its_authority_are_shown_along()
    {
        using TestAuthority root = new("root");
        using TestAuthority between = new("between", root);
        TlsOptions[] tls = [Pem(between.Issue(folder, "one.p12", "127.0.0.1"), "one"), Pem(between.Issue(folder, "two.p12", "127.0.0.1"), "two")];
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, "tcp:127.0.0.1:0", (n, o) => o with { Tls = tls[n] });
        using Tensor sent = randn(3, 300);
        cluster.Send(0, 1, sent.alias());
        using Tensor got = cluster.Mailboxes[1].Next().Take()!;
        Assert.True(sent.bytes.SequenceEqual(got.bytes));
    }

    [Fact]
    public void Before_a_proof_no_more_than_the_limit_is_read()
    {
        using HandshakeStream stream = new(new MemoryStream(new byte[100]), 40);
        byte[] buffer = new byte[30];
        Assert.Equal(30, stream.Read(buffer));
        Assert.Equal(10, stream.Read(buffer));
        Assert.Contains("40 bytes before a proof", Assert.Throws<IOException>(() => stream.Read(buffer)).Message, StringComparison.Ordinal);
        stream.Proven();
        Assert.Equal(30, stream.Read(buffer));
    }

    [Fact]
    public async Task A_peer_with_another_authority_s_certificate_is_turned_away()
    {
        TlsOptions mine = NewCertificate(folder, "mine"), theirs = NewCertificate(folder, "theirs");
        using ExchangeMesh cluster = new(2, "tcp:127.0.0.1:0", (n, o) => o with { Tls = n == 0 ? mine : theirs });
        TaskCompletionSource<PeerLost> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].PeerFailed += p => lost.TrySetResult(p);
        cluster.BeginEpoch(1);
        using CancellationTokenSource stop = new();
        Task connect = cluster.Exchanges[0].ConnectAsync(stop.Token);
        Assert.Contains("cannot be reached", (await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Reason, StringComparison.Ordinal);
        Assert.True(ExchangeMesh.Eventually(() => cluster.Exchanges[1].Statistics.Refused > 0));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connect);
    }

    [Fact]
    public void A_certificate_that_cannot_be_read_is_named()
    {
        TlsOptions tls = new() { CertificateFile = Path.Combine(folder, "absent.pem"), KeyFile = Path.Combine(folder, "absent.key") };
        ExchangeException e = Assert.Throws<ExchangeException>(() => DataPlane.Open(new ExchangeOptions { Listen = "tcp:127.0.0.1:0", Tls = tls }));
        Assert.Contains("absent.pem", e.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TlsOptions Pem(ControlTls made, string name)
    {
        X509Certificate2Collection all = X509CertificateLoader.LoadPkcs12CollectionFromFile(made.CertificateFile, made.Password, X509KeyStorageFlags.Exportable);
        X509Certificate2 own = all.First(c => c.HasPrivateKey);
        TlsOptions options = new() { CertificateFile = Path.Combine(folder, $"{name}.pem"), KeyFile = Path.Combine(folder, $"{name}.key"), AuthorityFile = made.AuthorityFile };
        File.WriteAllText(options.CertificateFile, string.Join('\n', all.Where(c => c != own).Prepend(own).Select(c => c.ExportCertificatePem())));
        using ECDsa key = own.GetECDsaPrivateKey()!;
        File.WriteAllText(options.KeyFile, key.ExportPkcs8PrivateKeyPem());
        return options;
    }

    internal static TlsOptions NewCertificate(string folder, string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        TlsOptions options = new() { CertificateFile = Path.Combine(folder, $"{name}.pem"), KeyFile = Path.Combine(folder, $"{name}.key") };
        File.WriteAllText(options.CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(options.KeyFile, key.ExportPkcs8PrivateKeyPem());
        return options;
    }
}
