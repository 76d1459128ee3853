using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Tests.ControlPlane;
using MoeActors.Host.Nodes;

namespace MoeActors.Host.Tests.Nodes;

public sealed class TlsFilesTests
{
    [Fact]
    public void The_key_is_its_users_alone_whoever_put_a_file_or_a_link_in_its_place()
    {
        using var folder = new TemporaryFolder();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 pair = new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        File.WriteAllBytes(folder.File("node.p12"), pair.Export(X509ContentType.Pkcs12, "hush"));
        string tls = Directory.CreateDirectory(folder.File("tls")).FullName, keyFile = Path.Combine(tls, "node.key");
        File.WriteAllText(keyFile, "");
        File.SetUnixFileMode(keyFile, (UnixFileMode)0x1B6 /* rw-rw-rw- */);
        using var waiting = new StreamReader(keyFile);
        File.WriteAllText(folder.File("mine"), "mine");
        File.CreateSymbolicLink(Path.Combine(tls, "node.crt"), folder.File("mine"));

        Actors.Exchange.TlsOptions made = TlsFiles.ForDataPlane(folder.File("node.p12"), "hush", null, folder.Path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(keyFile));
        Assert.Equal("", waiting.ReadToEnd());
        Assert.Equal("mine", File.ReadAllText(folder.File("mine")));
        using X509Certificate2 read = X509Certificate2.CreateFromPemFile(made.CertificateFile, made.KeyFile);
        Assert.True(read.HasPrivateKey);
    }

    [Fact]
    public void Certificates_between_the_node_s_and_its_authority_go_along()
    {
        using var folder = new TemporaryFolder();
        using TestAuthority root = new("root");
        using TestAuthority between = new("between", root);
        ControlTls given = between.Issue(folder.Path, "node.p12", "127.0.0.1");
        Actors.Exchange.TlsOptions made = TlsFiles.ForDataPlane(given.CertificateFile, given.Password, given.AuthorityFile, folder.Path);
        X509Certificate2Collection shown = [];
        shown.ImportFromPemFile(made.CertificateFile);
        Assert.Equal(["CN=node", "CN=between"], shown.Select(c => c.Subject));
    }
}
