using System.Security.Cryptography;
using System.Text;

namespace MoeActors.Compute.Checkpoints.Storage.ObjectStores;

/// <summary>PURE: AWS Signature Version 4 of one request, with the payload's hash in it.</summary>
internal static class RequestSigner
{
    /// <summary>SHA-256 of no bytes.</summary>
    public const string EmptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>Path or query part as it is signed and sent: everything but unreserved characters escaped.</summary>
    public static string Escape(string text) => Uri.EscapeDataString(text);

    /// <summary>The query as it is signed and sent: sorted by name.</summary>
    public static string Query(IEnumerable<(string Name, string Value)> query) => string.Join(
        '&', query.Select(q => (Name: Escape(q.Name), Value: Escape(q.Value))).OrderBy(q => q.Name, StringComparer.Ordinal).Select(q => $"{q.Name}={q.Value}"));

    /// <summary>Headers to add: date, payload hash, session token, authorization. Without an access key only the first two.</summary>
    /// <param name="options">Credentials and region.</param>
    /// <param name="method">HTTP method.</param>
    /// <param name="host">Host with port, as in the Host header.</param>
    /// <param name="path">Escaped path.</param>
    /// <param name="query">Escaped, sorted query.</param>
    /// <param name="payloadHash">SHA-256 of the body, lower-case hex.</param>
    /// <param name="now">Time of the request, UTC.</param>
    public static IReadOnlyList<(string Name, string Value)> Headers(
        ObjectStoreOptions options, string method, string host, string path, string query, string payloadHash, DateTimeOffset now)
    {
        string time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'"), day = time[..8];
        var headers = new List<(string Name, string Value)> { ("x-amz-content-sha256", payloadHash), ("x-amz-date", time) };
        if (options.AccessKey.Length == 0)
        {
            return headers;
        }

        if (options.SessionToken.Length > 0)
        {
            headers.Add(("x-amz-security-token", options.SessionToken));
        }

        // Sorted by name: "host" comes before all of "x-amz-…", which are added in their order.
        (string Name, string Value)[] signed = [("host", host), .. headers];
        string names = string.Join(';', signed.Select(h => h.Name));
        string request = $"{method}\n{path}\n{query}\n{string.Concat(signed.Select(h => $"{h.Name}:{h.Value}\n"))}\n{names}\n{payloadHash}";
        string scope = $"{day}/{options.Region}/s3/aws4_request";
        string text = $"{Algorithm}\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + options.SecretKey);
        foreach (string part in (string[])[day, options.Region, "s3", "aws4_request", text])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        headers.Add(("Authorization", $"{Algorithm} Credential={options.AccessKey}/{scope}, SignedHeaders={names}, Signature={Convert.ToHexStringLower(key)}"));
        return headers;
    }
}
