using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using MoeActors.Actors.ControlPlane;

namespace MoeActors.Actors.Tests.ControlPlane;

/// <summary>Issues certificates for tests.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 certificate;
    private readonly TestAuthority? root;
    private int serial;

    public TestAuthority(string name)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
    }

    /// <summary>An authority whose certificate another one has issued: peers have to be shown it.</summary>
    public TestAuthority(string name, TestAuthority root)
    {
        this.root = root;
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 issued = request.Create(root.certificate, DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddDays(1), [2, (byte)++root.serial]);
        certificate = issued.CopyWithPrivateKey(key);
    }

    public string File(string folder)
    {
        if (root is not null)
        {
            return root.File(folder);
        }

        string file = Path.Combine(folder, $"{certificate.GetNameInfo(X509NameType.SimpleName, false)}.pem");
        System.IO.File.WriteAllText(file, certificate.ExportCertificatePem());
        return file;
    }

    /// <summary>A certificate for a host name or address, in a file of its own.</summary>
    public ControlTls Issue(string folder, string name, string host)
    {
        using ECDsa own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=node", own, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out IPAddress? ip))
        {
            names.AddIpAddress(ip);
        }
        else
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 issued = request.Create(certificate, DateTimeOffset.UtcNow.AddHours(-1), certificate.NotAfter, [1, (byte)++serial]);
        using X509Certificate2 pair = issued.CopyWithPrivateKey(own);
        string file = Path.Combine(folder, name);
        X509Certificate2Collection shown = [pair];
        using X509Certificate2? between = root is null ? null : X509CertificateLoader.LoadCertificate(certificate.RawData);
        if (between is not null)
        {
            shown.Add(between);
        }

        System.IO.File.WriteAllBytes(file, shown.Export(X509ContentType.Pkcs12, "pass")!);
        return new ControlTls(file, "pass", File(folder));
    }

    public void Dispose()
    {
        certificate.Dispose();
        key.Dispose();
    }
}
