namespace MoeActors.Actors.ControlPlane;

/// <summary>Certificates of the control plane, one for both sides of a connection. Without them the cluster's secret is what is proven.</summary>
/// <param name="CertificateFile">PKCS#12 file: the node's certificate and its key; the control plane shows also the certificates between it and its authority that are in it.</param>
/// <param name="Password">Its password.</param>
/// <param name="AuthorityFile">
/// PEM file with the authorities that peers' certificates are checked against; each certificate names the hosts it is for. Null: one certificate shared by all nodes, and no other is accepted.
/// </param>
public sealed record ControlTls(string CertificateFile, string Password, string? AuthorityFile = null);
