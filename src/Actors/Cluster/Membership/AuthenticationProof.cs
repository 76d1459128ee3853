using System.Security.Cryptography;
using System.Text;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>
/// PURE: challenge and response over the shared secret, both ways, inside a connection that has been proven already (SE-1): where certificates prove it, a wrong secret is noticed here, before the data plane needs it.
/// </summary>
internal static class AuthenticationProof
{
    /// <summary>A request with a fresh nonce.</summary>
    public static AuthenticationRequest Make(string secret, bool joins)
    {
        string nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        return new AuthenticationRequest(ProtocolVersion.Current, ProtocolVersion.Build, nonce, Hmac("knock", nonce, secret), joins);
    }

    /// <summary>Reason of the refusal, or null.</summary>
    public static string? Check(AuthenticationRequest request, string secret, bool mixedBuilds = false)
    {
        if (request.Protocol != ProtocolVersion.Current)
        {
            return $"the peer speaks protocol {request.Protocol}, this node {ProtocolVersion.Current}: install the same version on every node";
        }

        if (!Same(request.Proof, Hmac("knock", request.Nonce, secret)))
        {
            return "the shared secret differs: give both sides the same cluster.secret";
        }

        return request.Joins && !mixedBuilds && request.Build != ProtocolVersion.Build
            ? $"the node runs another build ({request.Build[..Math.Min(8, request.Build.Length)]}, here {ProtocolVersion.Build[..8]}): results would differ; install the same build on every node, or set cluster.mixed-builds = on while you replace them one by one"
            : null;
    }

    /// <summary>The counter-proof of the gateway.</summary>
    public static string Answer(string nonce, string secret) => Hmac("answer", nonce, secret);

    /// <summary>Whether the gateway knows the secret too.</summary>
    public static bool IsAnswer(AuthenticationAnswer answer, string nonce, string secret) => Same(answer.Proof, Answer(nonce, secret));

    private static string Hmac(string role, string nonce, string secret) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{role}:{nonce}")));

    private static bool Same(string a, string b) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
}
