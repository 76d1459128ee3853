using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MoeActors.Actors.Exchange;
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
        TlsOptions tls = NewCertificate("shared");
        using TestCluster cluster = await TestCluster.ConnectedAsync(2, "tcp:127.0.0.1:0", (_, o) => o with { Tls = tls });
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
    public async Task A_peer_with_another_authority_s_certificate_is_turned_away()
    {
        TlsOptions mine = NewCertificate("mine"), theirs = NewCertificate("theirs");
        using TestCluster cluster = new(2, "tcp:127.0.0.1:0", (n, o) => o with { Tls = n == 0 ? mine : theirs });
        TaskCompletionSource<PeerLost> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].PeerFailed += p => lost.TrySetResult(p);
        cluster.BeginEpoch(1);
        using CancellationTokenSource stop = new();
        Task connect = cluster.Exchanges[0].ConnectAsync(stop.Token);
        Assert.Contains("cannot be reached", (await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Reason, StringComparison.Ordinal);
        Assert.True(TestCluster.Eventually(() => cluster.Exchanges[1].Statistics.Refused > 0));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connect);
    }

    [Fact]
    public void A_certificate_that_cannot_be_read_is_named()
    {
        TlsOptions tls = new() { CertificateFile = Path.Combine(folder, "absent.pem"), KeyFile = Path.Combine(folder, "absent.key") };
        ExchangeException e = Assert.Throws<ExchangeException>(() => new SocketExchange(new ExchangeOptions { Listen = "tcp:127.0.0.1:0", Tls = tls }));
        Assert.Contains("absent.pem", e.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TlsOptions NewCertificate(string name)
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
