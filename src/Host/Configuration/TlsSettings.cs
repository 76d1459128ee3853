using MoeActors.Actors.ControlPlane;

namespace MoeActors.Host.Configuration;

/// <summary>Certificates of both planes.</summary>
/// <param name="Enabled">Whether TLS is used.</param>
/// <param name="Certificate">PKCS#12 file, absolute; null when TLS is off.</param>
/// <param name="Password">Its password.</param>
/// <param name="Authority">PEM file of the authorities trusted, absolute; null = the certificate itself, self-signed and shared by all nodes.</param>
internal sealed record TlsSettings(bool Enabled, string? Certificate, string Password, string? Authority)
{
    /// <summary>The control plane's certificates; null where the cluster's secret is what its peers prove.</summary>
    public ControlTls? ForControl => Enabled ? new ControlTls(Certificate!, Password, Authority) : null;

    /// <summary>Reads the section.</summary>
    public static TlsSettings Read(SettingsReader r)
    {
        var tls = new TlsSettings(
            r.Switch("cluster.tls.enabled"), r.PathOrNull("cluster.tls.certificate"), r.Text("cluster.tls.password"), r.PathOrNull("cluster.tls.authority"));
        return tls switch
        {
            { Enabled: true, Certificate: null } => throw r.Wrong("cluster.tls.certificate", "the PKCS#12 file of this node, because cluster.tls.enabled = on"),
            { Enabled: true } when !File.Exists(tls.Certificate) => throw r.Wrong("cluster.tls.certificate", "an existing file"),
            { Enabled: true, Authority: not null } when !File.Exists(tls.Authority) => throw r.Wrong("cluster.tls.authority", "an existing file"),
            _ => tls,
        };
    }
}
